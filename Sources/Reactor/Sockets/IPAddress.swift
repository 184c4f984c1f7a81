internal import CReactor
internal import Glibc

/// A numeric internet address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  /// 128 bits, or the last 32 of them for IPv4.
  fileprivate let bits: UInt128
  fileprivate let isIPv4: Bool

  /// Parses what `inet_pton` does, and takes an IPv4 address out of its IPv6 mapping
  /// (`::ffff:a.b.c.d`), so that one client has one address.
  package init?(_ text: some StringProtocol) {
    let text = String(text)
    var four = in_addr()
    var six = in6_addr()
    if unsafe inet_pton(AF_INET, text, &four) == 1 {
      self.init(four)
    } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
      self.init(six)
    } else {
      return nil
    }
  }

  /// The address in a socket's; nil when it is of another family.
  init?(_ address: UnsafePointer<sockaddr>) {
    switch unsafe Int32(address.pointee.sa_family) {
    case AF_INET:
      self.init(
        unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr)
    case AF_INET6:
      self.init(
        unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr)
    default: return nil
    }
  }

  private init(_ four: in_addr) {
    bits = UInt128(UInt32(bigEndian: four.s_addr))
    isIPv4 = true
  }

  private init(_ six: in6_addr) {
    let all = unsafe withUnsafeBytes(of: six) { bytes in
      unsafe bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
    }
    isIPv4 = all >> 32 == 0xFFFF
    bits = isIPv4 ? all & 0xFFFF_FFFF : all
  }

  fileprivate var width: Int { isIPv4 ? 32 : 128 }

  /// The address it is counted as, where clients are counted: an IPv4 address itself, the first 64 bits of an IPv6 one.
  ///
  /// The other 64 name an interface (RFC 4291, section 2.5.1): whoever has one such address has all of
  /// them, and could have as many listeners as it likes were each counted by itself.
  package var counted: IPAddress {
    isIPv4 ? self : IPAddress(bits: (bits >> 64) << 64, isIPv4: false)
  }

  private init(bits: UInt128, isIPv4: Bool) {
    self.bits = bits
    self.isIPv4 = isIPv4
  }

  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let bytes = (0..<width / 8).reversed().map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    // It fails only for a family it doesn't know, or too little room.
    unsafe inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
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
    guard parts.count == 2 else {
      prefix = base.width
      return
    }
    guard let prefix = Int(parts[1]), parts[1].allSatisfy(\.isNumber),
      (0...base.width).contains(prefix)
    else { return nil }
    self.prefix = prefix
  }

  package func contains(_ address: IPAddress) -> Bool {
    // A shift by the whole width gives 0.
    address.isIPv4 == base.isIPv4
      && (address.bits ^ base.bits) >> (base.width - prefix) == 0
  }
}
