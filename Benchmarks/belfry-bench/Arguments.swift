internal import ArgumentParser
internal import LoadTest

extension Scenario: ExpressibleByArgument {}
extension Target.Preset: ExpressibleByArgument {}

/// `500ms`, `15s`, `2m`, `1h`.
struct DurationArgument: ExpressibleByArgument {
  let seconds: Double
  /// As it was written.
  let defaultValueDescription: String

  init?(argument: String) {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
    guard let (unit, size) = units.first(where: { argument.hasSuffix($0.0) }),
      let number = Double(argument.dropLast(unit.count)), number > 0, number < 1e6,
      argument.first?.isNumber == true
    else { return nil }
    seconds = number * size
    defaultValueDescription = argument
  }
}

/// `100`, or `50-4000` for sizes in that range.
struct SizesArgument: ExpressibleByArgument {
  let range: ClosedRange<Int>

  init(_ size: Int) { range = size...size }
  init?(argument: String) {
    let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let first = parts[0],
      let last = parts[parts.count - 1], first <= last
    else { return nil }
    range = first...last
  }
  var defaultValueDescription: String { "\(range.lowerBound)" }
}
