internal import Limits

extension OptionKind<Int> {
  /// A whole number.
  static func count(from least: Int) -> OptionKind {
    OptionKind(
      OptionFormat(placeholder: "NUMBER", least: "\(least)"),
      accepts: "a whole number, \(least) or more", joins: true, isInside: { $0 >= least },
      parse: { Int($0) }, show: { "\($0)" })
  }

  /// `64KiB`.
  static func size(_ range: ClosedRange<Int> = 0...Int.max) -> OptionKind {
    OptionKind(
      OptionFormat(
        placeholder: "SIZE",
        least: range.lowerBound == 0 ? nil : "\(ByteCountText(range.lowerBound))",
        most: range.upperBound == .max ? nil : "\(ByteCountText(range.upperBound))"),
      accepts: "a size such as 512, 64KiB, 1.5MiB or 2GiB", joins: true,
      repairs: { text in
        // Of 64KB, 64kb and 64k.
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).uppercased()
        guard let first = unit.first, ["", "B", "IB"].contains(unit.dropFirst()) else { return [] }
        return ["\(number)\(first)iB"]
      },
      isInside: { range.contains($0) }, parse: { try? ByteCountText(parsing: $0).bytes },
      show: { "\(ByteCountText($0))" })
  }
}

extension OptionKind<Duration> {
  /// `15s`.
  ///
  /// - Parameter hasZero: 0 is allowed too, and has a meaning of its own.
  static func duration(
    _ range: ClosedRange<Duration> = .zero...DurationText.maximum, orZero hasZero: Bool = false
  ) -> OptionKind {
    let least = range.lowerBound == .zero ? nil : "\(DurationText(range.lowerBound))"
    let most = "\(DurationText(range.upperBound))"
    return OptionKind(
      OptionFormat(placeholder: "DURATION", least: least, most: most, hasZero: hasZero),
      accepts: (hasZero ? "0 or " : "") + "a duration such as 500ms, 15s, 1.5m, 1h or 31d, "
        + (least.map { "\($0) to \(most)" } ?? "at most \(most)"), joins: true,
      repairs: { ["\($0)s", $0.lowercased()] },
      isInside: { range.contains($0) || hasZero && $0 == .zero },
      parse: { try? DurationText(parsing: $0).duration }, show: { "\(DurationText($0))" })
  }
}

extension OptionKind<Duration?> {
  /// How often something is done; 0 means never.
  static func interval(_ range: ClosedRange<Duration>) -> OptionKind {
    let kind = OptionKind<Duration>.duration(range, orZero: true)
    return OptionKind(format: kind.format) { items throws(BadOptionValue) in
      let duration = try kind.read(items)
      return duration > .zero ? duration : nil
    } show: {
      kind.show($0 ?? .zero)
    }
  }
}

extension OptionKind<Rate?> {
  /// `5/s`; 0 means no limit.
  static var rate: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "RATE"),
      accepts: "a rate such as 5/s, 20/m or 100/10m, at most \(Rate.maximumCount)/h, or 0",
      joins: true, repairs: { ["\($0)/s"] },
      parse: { (try? RateText(parsing: $0)).map(\.rate) }, show: { "\(RateText($0))" })
  }
}

extension OptionKind<Bool> {
  /// On the command line a name alone.
  static var flag: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "BOOLEAN", count: .flag, choices: ["true", "false"]),
      accepts: "true or false",
      repairs: { text in
        switch text.lowercased() {
        case "yes", "on", "1", "true": ["true"]
        case "no", "off", "0", "false": ["false"]
        default: []
        }
      }, parse: { Bool($0) }, show: { "\($0)" })
  }
}

extension OptionKind where Value: CaseIterable & RawRepresentable<String> & Sendable {
  /// One of a few words.
  static var choice: OptionKind {
    let words = Value.allCases.map(\.rawValue)
    return OptionKind(
      OptionFormat(placeholder: "WORD", choices: words),
      accepts: "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")",
      repairs: { text in
        [text.lowercased()] + [NearestName.of(text, among: words)].compactMap(\.self)
      },
      parse: { Value(rawValue: $0) }, show: \.rawValue)
  }
}
