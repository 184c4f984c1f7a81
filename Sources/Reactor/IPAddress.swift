internal import CReactor
internal import Glibc

/// A numeric internet address.
package struct IPAddress: Hashable, Sendable {
  /// 4 or 16, in network order.
  let bytes: [UInt8]

  /// Parses what `inet_pton` does, and takes an IPv4 address out of its IPv6 mapping
  /// (`::ffff:a.b.c.d`), so that one client has one address.
  package init?(_ text: some StringProtocol) {
    let text = String(text)
    var four = in_addr()
    var six = in6_addr()
    if unsafe inet_pton(AF_INET, text, &four) == 1 {
      bytes = unsafe withUnsafeBytes(of: &four) { unsafe Array($0) }
    } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
      let all = unsafe withUnsafeBytes(of: &six) { unsafe Array($0) }
      let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
      bytes = isMapped ? Array(all[12...]) : all
    } else {
      return nil
    }
  }
}

/// A range of addresses: `10.0.0.0/8`, `::1`, `fd00::/8`.
package struct IPNetwork: Hashable, Sendable {
  private let base: IPAddress
  private let prefix: Int

  /// An address alone is a range of one.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let base = IPAddress(parts[0]) else { return nil }
    self.base = base
    let bits = base.bytes.count * 8
    guard parts.count == 2 else {
      prefix = bits
      return
    }
    guard let prefix = Int(parts[1]), parts[1].allSatisfy(\.isNumber), (0...bits).contains(prefix)
    else { return nil }
    self.prefix = prefix
  }

  package func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == base.bytes.count else { return false }
    let whole = prefix / 8
    guard address.bytes[..<whole] == base.bytes[..<whole] else { return false }
    let rest = prefix % 8
    guard rest > 0 else { return true }
    return (address.bytes[whole] ^ base.bytes[whole]) >> (8 - rest) == 0
  }
}
