internal import Hub

/// A metric: its one row in `MetricTable`. `/metrics`, the status page's data, the line of counters in the log
/// and the table in the docs derive from it.
///
/// Beside the rows the status page gets states in words (`StatusEvent`), and the line the longest delay of the loop
/// (`Statistics`).
package struct MetricRow: Sendable {
  /// https://prometheus.io/docs/concepts/metric_types/
  package enum Kind: String, Sendable {
    /// Rises and falls.
    case gauge
    /// Only rises.
    case counter
    /// Counts durations by bounds.
    case histogram
  }

  /// What a value of 1 is.
  package enum Unit: String, Sendable {
    /// A thing that is counted, which the name says.
    case none = ""
    case bytes
    case seconds
  }

  /// Where the value is found.
  enum Reader: Sendable {
    /// Nil is not known, and left out.
    case number(@Sendable (Figures) -> Number?)
    /// One series, whose label has a value that is not known before.
    case labelled(String, @Sendable (Figures) -> (value: String, number: Int))
    /// A series for each reason, in this order, from the start: a rate needs a value before the first one.
    case byReason([String], @Sendable (Figures) -> [Int])
    case histogram(@Sendable (Figures) -> DurationHistogram)
  }

  /// A whole number, or a fraction.
  enum Number: Sendable, CustomStringConvertible {
    case whole(Int)
    case fraction(Double)

    var description: String {
      switch self {
      case .whole(let number): "\(number)"
      case .fraction(let number): "\(number)"
      }
    }
  }

  /// Its members in the status page's data.
  enum PageMembers: Sendable, ExpressibleByStringLiteral {
    /// Under this name: the number, or an object with a number for each reason.
    case value(String)
    /// Quantiles, each with its name: of what a histogram has counted since the event before.
    case quantiles([(name: String, share: Double)])

    init(stringLiteral name: String) { self = .value(name) }
  }

  /// Its key in the line of counters. A gauge stands there as it is, a counter with what was added since the last
  /// line.
  enum LogKey: Sendable, ExpressibleByStringLiteral {
    /// In each line.
    case always(String)
    /// Where it is not 0.
    case ifAny(String)

    init(stringLiteral key: String) { self = .always(key) }
  }

  /// As `/metrics` has it. A unit is its last word, and `_total` the end of a counter.
  package let name: String
  package let kind: Kind
  package let unit: Unit
  /// One sentence.
  package let help: String
  let reader: Reader
  /// Nil: the status page does not get it.
  private(set) var page: PageMembers?
  /// Nil: the line does not have it.
  private(set) var log: LogKey?
}

// MARK: How rows are written

extension MetricRow {
  static func gauge(
    _ name: String, in unit: Unit = .none, _ help: String, page: PageMembers? = nil,
    log: LogKey? = nil, _ read: @escaping @Sendable (Figures) -> Int?
  ) -> MetricRow {
    let reader = Reader.number { read($0).map(Number.whole) }
    return MetricRow(
      name: name, kind: .gauge, unit: unit, help: help, reader: reader, page: page, log: log)
  }

  static func gauge(
    _ name: String, _ help: String, label: String,
    _ read: @escaping @Sendable (Figures) -> (value: String, number: Int)
  ) -> MetricRow {
    MetricRow(name: name, kind: .gauge, unit: .none, help: help, reader: .labelled(label, read))
  }

  static func counter(
    _ name: String, in unit: Unit = .none, _ help: String, page: PageMembers? = nil,
    log: LogKey? = nil, _ read: @escaping @Sendable (Figures) -> Int
  ) -> MetricRow {
    MetricRow(
      name: name, kind: .counter, unit: unit, help: help, reader: .number { .whole(read($0)) },
      page: page, log: log)
  }

  static func counter<Reason: CaseIterable & RawRepresentable<String> & Sendable>(
    _ name: String, _ help: String, by: Reason.Type, page: PageMembers? = nil, log: LogKey? = nil,
    _ read: @escaping @Sendable (Figures, Reason) -> Int
  ) -> MetricRow {
    let reader = Reader.byReason(Reason.allCases.map(\.rawValue)) { figures in
      Reason.allCases.map { read(figures, $0) }
    }
    return MetricRow(
      name: name, kind: .counter, unit: .none, help: help, reader: reader, page: page, log: log)
  }

  /// Of what is measured in fractions of a second.
  static func seconds(
    _ name: String, _ kind: Kind, _ help: String,
    _ read: @escaping @Sendable (Figures) -> Double?
  ) -> MetricRow {
    let reader = Reader.number { read($0).map(Number.fraction) }
    return MetricRow(name: name, kind: kind, unit: .seconds, help: help, reader: reader)
  }

  static func histogram(
    _ name: String, _ help: String, page: PageMembers? = nil,
    _ read: @escaping @Sendable (Figures) -> DurationHistogram
  ) -> MetricRow {
    MetricRow(
      name: name, kind: .histogram, unit: .seconds, help: help, reader: .histogram(read),
      page: page)
  }
}

// MARK: What scripts want to know

extension MetricRow {
  /// The label of its series; nil when there is one series without.
  package var label: String? {
    switch reader {
    case .number, .histogram: nil
    case .labelled(let label, _): label
    case .byReason: "reason"
    }
  }

  /// The values of the label, where they are known before.
  package var reasons: [String] {
    if case .byReason(let reasons, _) = reader { reasons } else { [] }
  }

  /// Its key in the line of counters, with `…` where a reason follows; nil: the line does not have it.
  package var logKey: String? {
    switch log {
    case .always(let key), .ifAny(let key): reasons.isEmpty ? key : "\(key)-…"
    case nil: nil
    }
  }
}
