internal import Operations
package import Responses

/// All routes in words, for `belfry routes` and the documentation.
package enum RouteList {
  /// The public side's.
  package static var publicSide: [RouteSummary] { Router.routes.summaries }

  /// The operators' side's.
  package static var adminSide: [RouteSummary] { AdminServer.routes }

  /// First segments that `/NAME` never takes, in lower case, sorted.
  package static var reserved: [String] { Router.routes.reservedSegments }
}
