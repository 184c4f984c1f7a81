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
  package let description: String

  /// A wrong value.
  ///
  /// - Parameter text: nil: nothing was written, or it may be a secret.
  init(_ name: String, _ text: String?, _ source: OptionSource, _ remedy: String) {
    let value = text.map { $0.isEmpty ? " =" : " = \($0)" } ?? ""
    description = "\(name)\(value) (\(source)): \(remedy)"
  }

  /// A mistake that has no option or no value.
  init(_ place: String, _ remedy: String) { description = "\(place): \(remedy)" }
}

/// All mistakes of the sources of options.
package struct OptionMistakes: Error, Equatable, CustomStringConvertible {
  /// Not empty.
  package let all: [OptionMistake]

  init(_ all: [OptionMistake]) { self.all = all }

  package var description: String { all.map(\.description).joined(separator: "; ") }
}
