internal import ArgumentParser
internal import LoadTest

/// `belfry-bench report`: result files as one page, or as text.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Shows result files that --json wrote.")

  @Argument(help: "Result files that --json wrote.") var files: [String]
  @Option(help: "Write a page with charts and tables to this file.") var html: String?

  func run() throws {
    do throws(BadInput) {
      var reports: [Report] = []
      for file in files { reports.append(try ReportFile.report(at: file)) }
      if let html {
        let page = ReportPage(reports, names: ReportFile.names(of: reports, at: files))
        try ReportFile.write(page.html, to: html)
      } else {
        for report in reports { Program.print(report.text + "\n") }
      }
    } catch {
      throw Failure.exit(error)
    }
  }
}
