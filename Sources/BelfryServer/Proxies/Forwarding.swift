package import Reactor
internal import TextCoding
internal import WebForms

/// What the proxies before a request say of it, as far as they are trusted.
///
/// Proxies say it in `X-Forwarded-For`, `-Proto` and `-Host`, or in `Forwarded` (RFC 7239). Most pass
/// on what their client sent in the other way, so a request that has any of the first is read in that
/// way alone. `X-Forwarded-Prefix` goes with both.
///
/// Everything is found out when it is asked for, so that a request for which nobody asks pays nothing.
package struct Forwarding {
  private let request: HTTPRequest
  private let proxies: TrustedProxies

  /// - Parameter proxies: who is believed.
  package init(_ request: HTTPRequest, proxies: TrustedProxies) {
    self.request = request
    self.proxies = proxies
  }

  private var isTrusted: Bool { proxies.trusts(request.peer) }

  /// Who sent the request: from its peer on outward, the first who is no trusted proxy.
  ///
  /// Each proxy names its own peer at the end of the list, so the first name that is not believed
  /// ends the search. Where a name is no address, it is the proxy that gave it.
  package var client: Peer { isTrusted ? outermost.client : request.peer }

  /// Whether the browser came over https.
  package var isSecure: Bool {
    guard isTrusted else { return false }
    let scheme = isForwarded ? outermost.element?.scheme : first("X-Forwarded-Proto")
    return scheme?.equalsIgnoringASCIICase("https") ?? false
  }

  /// The `Host` that the browser sent.
  package var host: String? {
    guard isTrusted else { return nil }
    return isForwarded ? outermost.element?.host : first("X-Forwarded-Host")
  }

  /// What the browser's addresses begin with where the request's begins with the base path: the
  /// outermost proxy takes one off and puts the other on. Nil when none of ours says so, or it is no
  /// clean path.
  package var prefix: BasePath? {
    guard isTrusted else { return nil }
    let values = request.head.all("X-Forwarded-Prefix")
    // A second one may be the client's.
    guard values.count == 1, !values[0].isEmpty else { return nil }
    return BasePath(values[0])
  }

  /// Whether the request is read by RFC 7239.
  private var isForwarded: Bool {
    ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"].allSatisfy {
      request.head[$0] == nil
    }
  }

  /// The first value of a list, which the outermost proxy wrote. It may have been the client; but
  /// then it deceives itself alone, about the address it came by.
  private func first(_ name: String) -> String? {
    request.head[name]?.split(separator: ",").first.map { $0.filter { $0 != " " } }
  }

  /// The client, and the element that the outermost trusted proxy wrote, which is about the client's
  /// own request. To be asked of a trusted peer only.
  private var outermost: (client: Peer, element: ForwardedElement?) {
    var walk = Walk(from: request.peer, proxies)
    let lists = request.head.all("X-Forwarded-For")
    for list in lists.reversed() { walk.go(along: list) }
    var last: ForwardedElement?
    guard lists.isEmpty, isForwarded else { return (walk.client, nil) }
    for field in request.head.all("Forwarded").reversed() where !walk.hasEnded {
      // Of a field that can't be read nobody knows whose words it has.
      guard let elements = ForwardedElement.list(field) else { break }
      for element in elements.reversed() where !walk.hasEnded {
        last = element
        walk.step(to: element.node ?? "")
      }
    }
    return (walk.client, last)
  }
}

/// The way from a request's peer outward, from proxy to proxy.
private struct Walk {
  /// How far it has come.
  var client: Peer
  let proxies: TrustedProxies
  /// Whether `client` is believed in nothing further, or has named nobody.
  var hasEnded = false
  private var steps = 0

  init(from peer: Peer, _ proxies: TrustedProxies) {
    client = peer
    self.proxies = proxies
  }

  mutating func step(to name: some StringProtocol) {
    steps += 1
    guard steps <= ForwardedElement.maximumElements, let peer = Peer(forwarded: name) else {
      hasEnded = true
      return
    }
    client = peer
    hasEnded = !proxies.trusts(peer)
  }

  /// Goes through a list from its end.
  mutating func go(along list: String) {
    var rest = list[...]
    while !hasEnded {
      let comma = rest.utf8.lastIndex(of: UInt8(ascii: ","))
      let entry = comma.map { rest[rest.utf8.index(after: $0)...] } ?? rest
      step(to: Substring(entry.utf8.trimmingBlanks))
      guard let comma else { return }
      rest = rest[..<comma]
    }
  }
}
