internal import Hub
internal import Reactor
internal import TextCoding

/// `/healthz`: that the server answers, and how its backplane is.
///
/// The status is 200 also while Redis is down: the streams are open all the same, and whoever stops a
/// node for that makes it worse.
struct HealthEndpoint {
  let backplane: any Backplane

  /// `{"status":"ok","backplane":"redis","up":true}`; the status is `degraded` while messages don't
  /// get through.
  func show() -> HTTPResponse {
    let status = backplane.status
    return .json(.ok) { json in
      json.member("status", status.isUp ? "ok" : "degraded")
      json.member("backplane", status.name)
      json.member("up", status.isUp)
    }
  }
}
