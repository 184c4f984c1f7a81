internal import ArgumentParser
internal import Operations
internal import Reactor
internal import TextCoding

/// `belfry metrics`: the table of metrics, a JSON object in each line, for scripts that write documentation.
struct PrintMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Prints the metrics of serve as JSON, one object per line.",
    shouldDisplay: false)

  func run() {
    for row in MetricTable.rows {
      var json = JSONWriter()
      json.object { json in
        json.member("name", row.name)
        json.member("kind", row.kind.rawValue)
        json.member("unit", row.unit.rawValue)
        json.member("help", row.help)
        json.member("label", row.label ?? "")
        json.member("reasons", row.reasons)
        json.member("logKey", row.logKey ?? "")
      }
      StandardStream.output.write(json.text + "\n")
    }
  }
}
