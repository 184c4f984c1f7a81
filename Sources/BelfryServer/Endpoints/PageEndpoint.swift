internal import Chat
internal import Events
internal import Hub
internal import Reactor
internal import Responses
internal import WebForms

/// The chat page.
struct PageEndpoint {
  let pages: Pages
  let cookies: SessionCookies
  let origins: OriginPolicy
  /// The room the page shows.
  let room: RoomName
  /// The id that a fresh page resumes from, so that it shows the history there is; nil while nobody
  /// knows.
  let since: (RoomName) -> EventID?

  let backplane: any Backplane

  /// Has `answer` made when the room's history is known, or can't be.
  func prepare(_ answer: @escaping () -> Void) {
    backplane.prepare([room], after: nil) { _ in answer() }
  }

  /// `/`: the page for who is signed in, else the way to the form.
  func show(_ context: RequestContext) -> HTTPResponse {
    if let name = context.query.first("user") { return enter(as: name, context) }
    guard let session = context.session, let user = session.user else {
      return .redirect(.found, to: context.base + "/login")
    }
    var response = page(user, flash: session.flash, context)
    if session.flash != nil, context.request.method == .get {
      let shown = Session(
        user: user, flash: nil, browser: context.browser, issuedAt: session.issuedAt)
      response.headers.add(cookies.set(shown, for: context))
    }
    return response
  }

  /// `/NAME` and `/?user=NAME`: signs in as NAME and shows the page.
  ///
  /// A request that may not sign anyone in, such as a link on another site, gets the form with the
  /// name filled in: then it is the visitor who says so.
  func enter(as name: String, _ context: RequestContext) -> HTTPResponse {
    let user: UserName
    do throws(UserNameError) {
      user = try UserName(name)
    } catch {
      return .badName(error, name, pages, context)
    }
    let joined = page(user.text, flash: .joined(name: user.text), context)
    if context.request.method == .head { return joined }
    guard origins.permitsSignIn(context) else {
      return .page(
        pages.login(
          base: context.base, language: context.language, reason: nil, user: user.text, flash: nil))
    }
    var response = joined
    let session = Session(
      user: user.text, browser: context.browser, issuedAt: WallClock.seconds)
    response.headers.add(cookies.set(session, for: context))
    return response
  }

  private func page(_ user: String, flash: Flash?, _ context: RequestContext) -> HTTPResponse {
    return .page(
      pages.chat(
        base: context.base, language: context.language, user: user, flash: flash?.text,
        room: room.text, since: since(room)?.description))
  }
}
