/// Where an option's value is from.
package enum OptionSource: Hashable, Sendable, CustomStringConvertible {
  /// `--heartbeat`
  case commandLine(option: String)
  /// `BELFRY_HEARTBEAT`
  case environment(variable: String)
  /// `belfry.conf:3`; lines count from 1.
  case file(path: String, line: Int)
  /// Nothing set it.
  case byDefault

  package var description: String {
    switch self {
    case .commandLine(let option): "--\(option)"
    case .environment(let variable): variable
    case .file(let path, let line): "\(path):\(line)"
    case .byDefault: "default"
    }
  }
}

/// What is wrong with a source of options, in one line: `heartbeat = 15 (belfry.conf:3): write 15s`.
package struct OptionMistake: Hashable, Sendable, CustomStringConvertible {
  /// Where a mistake stands, in the order in which mistakes are told.
  enum Place: Hashable, Comparable {
    case commandLine(index: Int)
    case environment
    /// Lines count from 1.
    case file(line: Int)
    /// What nothing set, and what several sources did.
    case elsewhere
  }

  package let description: String
  let place: Place

  /// A wrong value.
  ///
  /// - Parameter text: nil: nothing was written, or it may be a secret.
  init(
    _ name: String, _ text: String?, _ source: OptionSource, _ remedy: String, at place: Place
  ) {
    let value = text.map { $0.isEmpty ? " =" : " = \($0)" } ?? ""
    description = "\(name)\(value) (\(source)): \(remedy)"
    self.place = place
  }

  /// A mistake that has no option or no value.
  init(_ what: String, _ remedy: String, at place: Place) {
    description = "\(what): \(remedy)"
    self.place = place
  }
}

/// All mistakes of the sources of options.
package struct OptionMistakes: Error, Equatable, CustomStringConvertible {
  /// Not empty; in the order of their places.
  package let all: [OptionMistake]

  init(_ all: [OptionMistake]) {
    // Those of one place stay in their order.
    self.all = all.enumerated().sorted {
      ($0.element.place, $0.offset) < ($1.element.place, $1.offset)
    }
    .map(\.element)
  }

  package var description: String { all.map(\.description).joined(separator: "; ") }
}
