/// How the values of an option are written, for help, documentation and the reading of sources.
package struct OptionFormat: Hashable, Sendable {
  /// How many values there are.
  package enum Count: String, Sendable {
    case one
    /// Separated by commas; also repeatable on the command line.
    case list
    /// No value on the command line, and `true` or `false` elsewhere.
    case flag
  }

  /// What stands for a value in help, such as `DURATION`.
  package var placeholder: String
  package var count = Count.one
  /// All values, where they can be listed.
  package var choices: [String] = []
  /// The least value; nil: whatever can be written.
  package var least: String?
  /// The greatest value; nil: whatever can be written.
  package var most: String?
  /// A list must have an item.
  package var needsItem = false
  /// `0` is a value too, though it is less than `least`.
  package var hasZero = false
  /// A value may hold a password: messages don't repeat it.
  package var isSecret = false
  /// A value names a file whose contents are the setting, so that the default must be read too.
  package var isFile = false

  /// The items of a list, or the one value, in a text of whichever source. Blanks around an item and empty
  /// items don't count.
  func items(of text: some StringProtocol) -> [String] {
    guard count == .list else { return [String(text.trimmingWhitespace)] }
    return text.split(separator: ",").map { String($0.trimmingWhitespace) }.filter { !$0.isEmpty }
  }
}

/// How the values of an option are read and printed.
struct OptionKind<Value: Equatable & Sendable>: Sendable {
  var format: OptionFormat
  /// Reads all items of a list, none too; of another option, the one item.
  var read: @Sendable ([String]) throws(BadOptionValue) -> Value
  /// Prints a value as it is read, a list with commas; empty when there is none.
  var show: @Sendable (Value) -> String
  /// Whether a value is none.
  var isUnset: @Sendable (Value) -> Bool = { _ in false }
}

/// An option's value that can't be read.
struct BadOptionValue: Error {
  /// What was written: of a list, the item.
  let text: String
  /// What to do about it.
  let remedy: String
}

extension OptionKind {
  /// A kind whose values are single texts.
  ///
  /// - Parameters:
  ///   - accepted: what can be written, behind "write".
  ///   - joins: blanks within a value may be dropped, as in `7 s`.
  ///   - repairs: texts that may have been meant; the first that can be read is suggested.
  ///   - parse: nil for a text that can't be read.
  ///   - isInside: whether a value that can be read is good, such as from `least` to `most`.
  ///   - outside: what to write instead of one that isn't, behind "write"; nil: what lies between the two.
  init(
    _ format: OptionFormat, accepts accepted: String, outside: String? = nil, joins: Bool = false,
    repairs: @escaping @Sendable (String) -> [String] = { _ in [] },
    isInside: @escaping @Sendable (Value) -> Bool = { _ in true },
    parse: @escaping @Sendable (String) -> Value?, show: @escaping @Sendable (Value) -> String
  ) {
    self.format = format
    self.show = show
    read = { items throws(BadOptionValue) in
      let text = items.last ?? ""
      guard let value = parse(text) else {
        let bare = joins ? Self.joined(Self.bare(text)) : Self.bare(text)
        let meant = ([bare] + repairs(bare)).first { text in
          !text.isEmpty && !format.isSecret && parse(text).map(isInside) ?? false
        }
        throw BadOptionValue(text: text, remedy: "write \(meant ?? accepted)")
      }
      guard isInside(value) else {
        throw BadOptionValue(text: text, remedy: "write \(outside ?? Self.range(format))")
      }
      return value
    }
  }

  /// The text without the quotes and blanks around it, and a comment behind it.
  private static func bare(_ text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace)
    let comment = words.first { $0.hasPrefix("#") }
    var bare = comment.map { text[..<$0.startIndex] } ?? text[...]
    let isAround = { (character: Character) in character.isWhitespace || "\"'".contains(character) }
    while bare.first.map(isAround) ?? false { bare.removeFirst() }
    while bare.last.map(isAround) ?? false { bare.removeLast() }
    return String(bare)
  }

  /// The text without blanks; unchanged where one separates two digits, which may be two numbers.
  private static func joined(_ text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace)
    let isAmbiguous = zip(words, words.dropFirst()).contains { one, next in
      (one.last?.isNumber ?? false) && (next.first?.isNumber ?? false)
    }
    return isAmbiguous ? text : words.joined()
  }

  private static func range(_ format: OptionFormat) -> String {
    let range =
      switch (format.least, format.most) {
      case (let least?, let most?): "\(least) to \(most)"
      case (let least?, nil): "\(least) or more"
      case (nil, let most?): "at most \(most)"
      case (nil, nil): "another value"  // There is none outside.
      }
    return format.hasZero ? "0, or \(range)" : range
  }

  /// Several values of a kind.
  ///
  /// - Parameter none: what to write where there must be one, behind "write"; nil: there may be none.
  static func list<Item>(
    _ item: OptionKind<Item>, orElse none: String? = nil
  ) -> OptionKind where Value == [Item] {
    var format = item.format
    format.count = .list
    format.needsItem = none != nil
    return OptionKind(format: format) { items throws(BadOptionValue) in
      if let none, items.isEmpty { throw BadOptionValue(text: "", remedy: "write \(none)") }
      return try item.each(items)
    } show: { values in
      values.map(item.show).joined(separator: ",")
    }
  }

  /// Reads each of a list's items.
  func each(_ items: [String]) throws(BadOptionValue) -> [Value] {
    var values: [Value] = []
    for text in items {
      do throws(BadOptionValue) {
        values.append(try read([text]))
      } catch {
        let words = Self.bare(text).split(whereSeparator: \.isWhitespace).map(String.init)
        let areItems = words.allSatisfy { (try? read([$0])) != nil }
        guard words.count > 1, areItems else { throw error }
        throw BadOptionValue(text: text, remedy: "write \(words.joined(separator: ","))")
      }
    }
    return values
  }

  /// A value that may be missing, and always is when the option isn't set.
  static func optional<Some>(_ kind: OptionKind<Some>) -> OptionKind where Value == Some? {
    OptionKind(format: kind.format) { items throws(BadOptionValue) in
      try kind.read(items)
    } show: {
      $0.map(kind.show) ?? ""
    } isUnset: {
      $0 == nil
    }
  }
}
