internal import ArgumentParser
internal import BelfryServer

/// `15s`; help shows it as the default.
struct DurationArgument: ExpressibleByArgument {
  let value: Duration
  init(_ value: Duration) { self.value = value }
  init?(argument: String) {
    guard let text = try? DurationText(parsing: argument) else { return nil }
    value = text.duration
  }
  var defaultValueDescription: String { DurationText(value).description }
}
