package import Hub
package import Reactor
internal import Responses
internal import TextCoding

/// `/healthz`: that the server answers, and how its backplane is.
///
/// The status is 200 also while Redis is down: the streams are open all the same, and whoever stops a
/// node for that makes it worse.
package struct HealthEndpoint {
  private let backplane: any Backplane

  /// - Parameter backplane: what messages go through.
  package init(backplane: any Backplane) { self.backplane = backplane }

  /// `{"status":"ok","backplane":"redis","up":true}`; the status is `degraded` while messages don't
  /// get through.
  package func show() -> HTTPResponse {
    let status = backplane.status
    return .json(.ok) { json in
      json.member("status", status.isUp ? "ok" : "degraded")
      json.member("backplane", status.name)
      json.member("up", status.isUp)
    }
  }
}
