internal import Reactor
internal import TextCoding

/// Which other sites may act in a user's name.
struct OriginPolicy {
  /// As browsers send them.
  let allowed: [String]

  /// Whether a request that changes something may come from where it comes from.
  ///
  /// An allowed origin may. For others `Sec-Fetch-Site` decides where a browser sends it (Fetch
  /// Metadata, section 2.4); else the `Origin`, whose host must be ours; programs send neither and
  /// pass.
  func permits(_ context: RequestContext) -> Bool {
    let head = context.request.head
    let origin = head["Origin"]
    if let origin, allowed.contains(origin) { return true }
    if let site = head["Sec-Fetch-Site"] { return site == "same-origin" || site == "none" }
    guard let origin else { return true }
    return context.hosts.contains { isOrigin(origin, of: $0) }
  }

  /// Whether a page may sign its visitor in: a document that the visitor asked for, from here or by
  /// hand, and no preview of one.
  func permitsSignIn(_ context: RequestContext) -> Bool {
    let head = context.request.head
    let isPrefetch = ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].contains { name in
      let purpose = head[name]?.lowercased() ?? ""
      return purpose.contains("prefetch") || purpose.contains("preview")
    }
    let isDocument = head["Sec-Fetch-Dest"].map { $0 == "document" } ?? true
    return context.request.method == .get && !isPrefetch && isDocument && permits(context)
  }

  private func isOrigin(_ origin: String, of host: String) -> Bool {
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")] {
      guard origin.hasPrefix(scheme) else { continue }
      // A browser leaves the scheme's own port out of both; a proxy may have put it in.
      let bare = host.hasSuffix(port) ? String(host.dropLast(port.utf8.count)) : host
      return origin.dropFirst(scheme.utf8.count).equalsIgnoringASCIICase(bare)
    }
    return false
  }

  /// Lets the pages of allowed origins read a stream, with its user's cookie.
  func grant(_ context: RequestContext, in headers: inout HTTPHeaders) {
    for field in grant(context).fields { headers.add(field) }
  }

  /// The fields that do so.
  func grant(_ context: RequestContext) -> HTTPHeaders {
    var headers: HTTPHeaders = []
    guard !allowed.isEmpty else { return headers }
    headers.add("Vary", "Origin")
    if let origin = context.request.head["Origin"], allowed.contains(origin) {
      headers.add("Access-Control-Allow-Origin", origin)
      headers.add("Access-Control-Allow-Credentials", "true")
    }
    return headers
  }
}
