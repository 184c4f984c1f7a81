internal import Reactor
internal import TextCoding

/// An origin as browsers send it: `https://example.org` (RFC 6454, section 6.2).
struct OriginText: Hashable, Sendable {
  /// In lower case, without the scheme's own port.
  let text: String

  /// Fails unless `text` is `http://` or `https://`, a host that browsers connect to, and perhaps a port.
  init?(_ text: String) {
    let lower = text.lowercased()
    guard let scheme = Self.schemes.first(where: { lower.hasPrefix("\($0.name)://") }) else {
      return nil
    }
    let place = lower.dropFirst(scheme.name.utf8.count + "://".utf8.count)
    // Behind the `]` of an IPv6 address: such an address has colons too.
    let end = place[(place.lastIndex(of: "]") ?? place.startIndex)...].firstIndex(of: ":")
    guard let host = Self.host(place[..<(end ?? place.endIndex)]) else { return nil }
    var port = ""
    if let end {
      guard let number = Self.port(place[end...].dropFirst()) else { return nil }
      // > If the port part of the origin triple is different from the default port for the protocol […]
      // > append the port
      if number != scheme.port { port = ":\(number)" }
    }
    self.text = "\(scheme.name)://\(host)\(port)"
  }

  /// The origin of a page's address, which may lack its scheme; nil when it isn't clear which one is meant.
  static func ofPage(_ address: String) -> OriginText? {
    let lower = address.lowercased()
    let scheme = schemes.first { lower.hasPrefix("\($0.name):") }
    let rest = address.dropFirst(scheme.map { $0.name.utf8.count + 1 } ?? 0).drop { $0 == "/" }
    let authority = rest.prefix { !"/?#".contains($0) }
    var place = authority.split(separator: "@").last ?? ""
    if place.hasSuffix(":") { place.removeLast() }
    // A name without a dot may be any word, and an address is seldom reached over https.
    let isPublic = place.contains(".") && place.utf8.contains(where: \.isLetter)
    guard scheme != nil || isPublic else { return nil }
    return OriginText("\(scheme?.name ?? "https")://\(place)")
  }

  private static let schemes = [(name: "https", port: UInt16(443)), (name: "http", port: 80)]

  /// 1...65535 (WHATWG URL, "port state"); leading zeros are allowed.
  private static func port(_ digits: Substring) -> UInt16? {
    guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits), port > 0
    else { return nil }
    return port
  }

  /// A host as browsers write it: a name, an IPv4 address, or an IPv6 address in brackets.
  private static func host(_ host: Substring) -> String? {
    guard host.utf8.allSatisfy(\.isVisible) else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") {
      return address(host.dropFirst().dropLast()).map { "[\($0)]" }
    }
    // A name's end may be marked by a dot.
    let name = host.hasSuffix(".") ? host.dropLast() : host
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    // RFC 1035, section 2.3.4. Names beyond ASCII are sent in Punycode.
    let areLabels = labels.allSatisfy { label in
      1...63 ~= label.utf8.count
        && label.utf8.allSatisfy { $0.isAlphanumeric || "-_".utf8.contains($0) }
    }
    guard areLabels, name.utf8.count <= 253, let last = labels.last else { return nil }
    // > If domain […] ends in a number, then return the result of IPv4 parsing
    guard last.utf8.allSatisfy(\.isDigit) || last.hasPrefix("0x") else { return String(host) }
    return labels.count == 4 && IPAddress(host).map { "\($0)" == host } ?? false
      ? String(host) : nil
  }

  /// An IPv6 address as browsers write it (WHATWG URL, "IPv6 serializer").
  private static func address(_ text: Substring) -> String? {
    guard text.contains(":"), let address = IPAddress(text) else { return nil }
    // An IPv4 address in it is in decimal here, and in a browser it isn't.
    let shown = "\(address)"
    guard shown.contains(".") else { return shown }
    let colon = shown.lastIndex(of: ":")
    let before = colon.map { shown[...$0] } ?? "::ffff:"
    let bytes = (colon.map { shown[$0...].dropFirst() } ?? shown[...]).split(separator: ".")
      .compactMap { UInt16($0) }
    guard bytes.count == 4 else { return nil }
    let pieces = [bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]]
    return before + pieces.map { String($0, radix: 16) }.joined(separator: ":")
  }
}
