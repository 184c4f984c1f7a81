internal import Chat
internal import Hub
internal import Limits
internal import Operations
internal import Reactor

extension Router {
  /// What endpoints work with, whatever the settings come to be.
  struct Parts {
    let hub: Hub
    let streams: StreamSet
    let backplane: any Backplane
    let admission: Admission
    let accessLog: AccessLog?
    let pages: Pages
    let files: ChatFiles

    init(
      _ settings: ServerSettings, hub: Hub, streams: StreamSet, backplane: any Backplane,
      admission: Admission, accessLog: AccessLog?
    ) throws {
      let files = ChatFiles(vue: settings.vue)
      pages = try Pages { files.path(of: $0) }
      self.files = files
      self.hub = hub
      self.streams = streams
      self.backplane = backplane
      self.admission = admission
      self.accessLog = accessLog
    }
  }

  /// - Throws: a `SettingsError` when there is no room for the page.
  init(_ settings: ServerSettings, keys: SessionKeys, _ parts: Parts) throws(SettingsError) {
    guard let home = settings.rooms.home else {
      throw SettingsError("no default room is set (see --rooms)")
    }
    let (hub, backplane) = (parts.hub, parts.backplane)
    let cookies = SessionCookies(
      codec: SessionCodec(keys: keys), maximumAge: settings.sessionAge)
    let origins = OriginPolicy(allowed: settings.origins)
    self.init(
      basePath: settings.basePath,
      login: LoginEndpoint(pages: parts.pages, cookies: cookies, origins: origins),
      page: PageEndpoint(
        pages: parts.pages, cookies: cookies, origins: origins, room: home,
        since: { backplane.status.isUp ? hub.idBeforeHistory(of: $0, now: .now) : nil },
        backplane: backplane),
      post: PostEndpoint(
        rooms: settings.rooms, maximumMessage: settings.maximumMessage, origins: origins,
        hub: hub, backplane: backplane, admission: parts.admission),
      stream: StreamEndpoint(
        rooms: settings.rooms, hub: hub, backplane: backplane, streams: parts.streams,
        origins: origins, admission: parts.admission, accessLog: parts.accessLog),
      files: parts.files, health: HealthEndpoint(backplane: backplane),
      readiness: { [admission = parts.admission] in
        Readiness(hub: hub, backplane: backplane, admission: admission)
      },
      cookies: cookies, proxies: settings.trustedProxies)
  }
}
