internal import ArgumentParser
internal import BelfryServer
internal import Reactor
internal import TextCoding

/// `belfry options`: the table of options, a JSON object in each line, for scripts that write documentation.
struct PrintOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "options", abstract: "Prints the options of serve as JSON, one object per line.",
    shouldDisplay: false)

  func run() {
    let settings = ServerSettings()
    for section in OptionTable.sections {
      for row in section.rows {
        var json = JSONWriter()
        json.object { json in
          json.member("name", row.name)
          json.member("section", section.title)
          json.member("variable", row.variable)
          json.member("help", row.help)
          json.member("value", row.format.placeholder)
          json.member("count", row.format.count.rawValue)
          json.member("choices", row.format.choices)
          json.member("default", row.defaultWords == nil ? row.text(of: settings) : "")
          json.member("defaultWords", row.defaultWords ?? "")
          json.member("inFile", row.path != \ServerSettings.configFile)
          json.member("reload", row.change == .restart ? "restart" : "live")
        }
        StandardStream.output.write(json.text + "\n")
      }
    }
  }
}
