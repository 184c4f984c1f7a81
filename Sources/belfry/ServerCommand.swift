internal import ArgumentParser
internal import BelfryServer
internal import BelfryVersion
internal import Reactor

/// A command that takes the options of `OptionTable`.
protocol ServerCommand: ParsableCommand {
  /// Those behind the command's name, which the parser hands on as they are.
  var arguments: [String] { get set }
}

extension ServerCommand {
  /// - Parameter arguments: those behind the command's name.
  init(_ arguments: some Sequence<String>) {
    self.init()
    self.arguments = Array(arguments)
  }

  /// The options of this process: of its command line, environment and config file.
  ///
  /// - Throws: the end of the program when help or the version was asked for.
  func given() throws -> GivenOptions {
    let commandLine = CommandLineOptions(arguments, of: Self._commandName)
    guard !commandLine.asksHelp else {
      StandardStream.output.write(OptionsHelp.text(Self.configuration, of: Self._commandName))
      throw ExitCode.success
    }
    guard !commandLine.asksVersion else {
      StandardStream.output.write("\(Version.text)\n")
      throw ExitCode.success
    }
    return GivenOptions(
      arguments, environment: Environment.variables, of: Self._commandName)
  }

  /// The settings that come of the options.
  ///
  /// - Throws: the end of the program when something is wrong, after a line for each mistake.
  func settings(_ given: GivenOptions) throws -> ServerSettings {
    do throws(OptionMistakes) {
      return try given.settings()
    } catch {
      for mistake in error.all {
        StandardStream.error.write("Error: \("\(mistake)".printable)\n")
      }
      throw ExitCode.validationFailure
    }
  }
}

/// What the shell's completion offers.
let optionCompletion = CompletionKind.list(OptionTable.rows.map { "--\($0.name)" })
