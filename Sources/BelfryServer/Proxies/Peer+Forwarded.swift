package import Reactor
internal import TextCoding

extension Peer {
  /// Whom a proxy names: an address, with a port or without, an IPv6 one in brackets or bare; or
  /// `unix:`, which nginx says of a client that came through a Unix socket. Nil for anything else,
  /// `unknown` and made-up names too (RFC 7239, section 6).
  package init?(forwarded text: some StringProtocol) {
    let bytes = text.utf8
    if bytes.elementsEqual("unix:".utf8) {
      self = .unix
      return
    }
    let port: Substring.UTF8View
    let host: Substring
    let text = Substring(text)
    if bytes.first == UInt8(ascii: "[") {
      guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      host = text[text.utf8.index(after: text.startIndex)..<end]
      port = text[text.utf8.index(after: end)...].utf8
      guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
    } else {
      // With two colons it is an IPv6 address, which has a port only behind brackets.
      let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
      let isBare = colon.map { text.utf8[$0...].dropFirst().contains(UInt8(ascii: ":")) } ?? true
      host = isBare ? text : text[..<(colon ?? text.endIndex)]
      port = isBare ? ""[...].utf8 : text[(colon ?? text.endIndex)...].utf8
    }
    guard Self.isPort(port), let address = IPAddress(host) else { return nil }
    self = .address(address)
  }

  /// Whether it is nothing, or a colon and a port: digits, or a made-up name such as `_abc`.
  private static func isPort(_ text: Substring.UTF8View) -> Bool {
    guard let first = text.first else { return true }
    return first == UInt8(ascii: ":") && text.count > 1
      && text.dropFirst().allSatisfy { $0.isAlphanumeric || "._-".utf8.contains($0) }
  }
}
