internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Reactor

/// `belfry options`: the table of options, a JSON object in each line, for scripts that write documentation.
struct PrintOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "options", abstract: "Prints the options of serve as JSON, one object per line.",
    shouldDisplay: false)

  func run() {
    let settings = ServerSettings()
    for section in OptionTable.sections {
      for row in section.rows {
        let object = jsonObject([
          ("name", row.name), ("section", section.title), ("variable", row.variable),
          ("help", row.help), ("value", row.format.placeholder),
          ("count", row.format.count.rawValue),
          ("choices", row.format.choices.joined(separator: ",")),
          ("default", row.defaultWords == nil ? row.text(of: settings) : ""),
          ("defaultWords", row.defaultWords ?? ""),
          ("inFile", "\(row.path != \ServerSettings.configFile)"),
          ("reload", row.change == .restart ? "restart" : "live"),
        ])
        StandardStream.output.write(object + "\n")
      }
    }
  }
}
