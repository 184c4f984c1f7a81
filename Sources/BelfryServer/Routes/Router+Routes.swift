internal import Operations
internal import Reactor
internal import Responses

extension Router {
  /// The public routes, in the order of the documentation.
  static let rows: [Route<Router, RequestContext>] =
    [
      Route(
        "/",
        .get("the chat page; a redirect to `/login` for clients that are not signed in") {
          router, context, exchange in
          router.page.prepare { exchange.respond(router.page.show(context)) }
          return nil
        }),
      Route(
        "/login",
        .get("the sign-in form") { router, context, _ in router.login.show(context) },
        .post("signs in: 303 with a cookie") { router, context, _ throws(Refusal) in
          try router.login.signIn(context)
        }),
      Route(
        "/NAME",
        .get("signs in as NAME and shows the page") { router, context, exchange in
          router.page.prepare {
            exchange.respond(router.page.enter(as: context.segments[0], context))
          }
          return nil
        }),
      Route(
        "/logout", .get("forgets the name") { router, context, _ in router.login.signOut(context) }),
      Route(
        "/post",
        .post("publishes a message") { router, context, exchange throws(Refusal) in
          try router.post.publish(context, exchange)
          return nil
        }),
      Route(
        "/stream",
        .get("a stream of one or more rooms") { router, context, exchange in
          router.stream.open(context, exchange)
          return nil
        }),
      .healthz { $0.health },
      .readyz { $0.readiness() },
      Route(
        "/static/FILE",
        .get("the page's files") { router, context, _ throws(Refusal) in
          try router.files.show(context.segments[1], context.request, query: context.query)
        }),
    ]

  /// `/NAME` takes no first segment of a route of either side, and none of `kept`. The form at `/login`
  /// takes such a name all the same: only the path is ambiguous.
  static let routes = RouteTable(
    rows, reserving: AdminServer.routes.compactMap(\.path.firstLiteral) + kept)

  /// First segments that are kept from `/NAME` though no route may have them.
  private static let kept = [
    // Sites keep files for other programs there (RFC 8615).
    ".well-known",
    // For pages of operators on the public side, if there are any one day.
    "admin",
    // New routes for programs go below it, such as `/api/rooms`: another first segment takes a name
    // away that somebody may sign in with.
    "api",
    // Browsers ask for it by themselves.
    "favicon.ico",
    // Crawlers ask for it by themselves.
    "robots.txt",
  ]
}
