internal import ArgumentParser
internal import BelfryClient

/// Which server a command speaks to.
struct ServerOptions: ParsableArguments {
  @Option(
    help: """
      Address of the server: http://HOST[:PORT][/BASE], or unix:PATH[:/BASE] for a Unix socket. \
      https is not supported.
      """)
  var url = "http://127.0.0.1:5000"

  /// What a `User-Agent` field says.
  var agent: String { "belfry/\(Belfry.configuration.version)" }

  /// - Throws: what is wrong with it.
  func serverURL() throws -> ServerURL {
    do throws(ServerURL.Malformed) {
      return try ServerURL(url)
    } catch {
      throw ValidationError("--url: \(error)")
    }
  }
}
