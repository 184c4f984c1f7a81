internal import Chat
internal import Limits
internal import Logging
internal import Operations
internal import Reactor

/// What clients reach: their connections, and which endpoint answers them.
///
/// `http` must be closed before this is released.
final class PublicSide {
  let http: HTTPServer
  private let parts: Router.Parts
  private let routes: Routes

  /// Listens nowhere yet.
  init(
    on loop: EventLoop, _ settings: ServerSettings, keys: SessionKeys, sockets: SocketOptions,
    fanOut: FanOut, admission: Admission, accessLog: AccessLog?, logger: Logger
  ) throws {
    parts = try Router.Parts(
      settings, hub: fanOut.hub, streams: fanOut.streams, backplane: fanOut.backplane,
      admission: admission, accessLog: accessLog)
    let routes = Routes(try Router(settings, keys: keys, parts))
    self.routes = routes
    http = try HTTPServer(
      on: loop, limits: settings.httpLimits, options: sockets,
      log: { logger.warning("accepting paused", metadata: ["reason": "\($0)"]) },
      onRequest: { routes.router.route($0) })
    http.isProxy = settings.trustedProxies.trusts
    if let accessLog {
      http.onFinish = { accessLog.finished($0, identify: routes.router.identify) }
    }
  }

  /// Takes new settings for what comes from now on.
  ///
  /// Throws a `SettingsError`, and then has changed nothing, when there is no room for the page.
  func change(to settings: ServerSettings, keys: SessionKeys) throws(SettingsError) {
    routes.router = try Router(settings, keys: keys, parts)
    http.limits = settings.httpLimits
    http.isProxy = settings.trustedProxies.trusts
  }

  /// The present router: a reload puts another in its place.
  private final class Routes {
    var router: Router
    init(_ router: Router) { self.router = router }
  }
}
