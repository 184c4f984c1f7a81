internal import Chat
internal import Reactor
internal import Responses
internal import WebForms

/// `/login` and `/logout`: who one is.
struct LoginEndpoint {
  let pages: Pages
  let cookies: SessionCookies
  let origins: OriginPolicy

  /// The form.
  func show(_ context: RequestContext) -> HTTPResponse {
    .page(
      pages.login(
        base: context.base, language: context.language, reason: nil, user: "", flash: nil))
  }

  /// Signs in whom the form names.
  func signIn(_ context: RequestContext) throws(Refusal) -> HTTPResponse {
    guard origins.permits(context) else { throw .otherSite }
    let form = try FormFields(of: context.request)
    let raw = form.first("user") ?? ""
    do throws(UserNameError) {
      let session = Session(
        user: try UserName(raw).text, flash: .signedIn, browser: context.browser,
        issuedAt: WallClock.seconds)
      var response = HTTPResponse.redirect(.seeOther, to: context.base + "/")
      response.headers.add(cookies.set(session, for: context))
      return response
    } catch {
      return .badName(error, raw, pages, context)
    }
  }

  func signOut(_ context: RequestContext) -> HTTPResponse {
    var response = HTTPResponse.redirect(.found, to: context.base + "/login")
    if context.request.method != .head, context.session != nil, origins.permits(context) {
      response.headers.add(cookies.clear(for: context))
    }
    return response
  }
}

extension LoginReason {
  init(_ error: UserNameError) {
    self =
      switch error {
      case .missing: .missing
      case .tooLong: .tooLong
      case .forbiddenCharacter: .forbiddenCharacter
      }
  }
}

extension Refusal {
  static let otherSite = Refusal(.forbidden, "request from another site refused")
}

extension HTTPHeaders {
  mutating func add(_ field: (name: String, value: String)) { add(field.name, field.value) }
}

extension HTTPResponse {
  /// The form again, with the reason why `name` is none.
  static func badName(
    _ error: UserNameError, _ name: String, _ pages: Pages, _ context: RequestContext
  ) -> HTTPResponse {
    let html = pages.login(
      base: context.base, language: context.language, reason: LoginReason(error), user: name,
      flash: nil)
    var response = page(html)
    response.status = .badRequest
    return response
  }
}
