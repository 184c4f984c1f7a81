/// The bytes of a session inside its cookie.
///
/// `version (1), flash code (1), issued at (8, big endian), browser (12), user, flash name`, each text being its
/// length in two bytes, big endian, and that much UTF-8. One session has one encoding.
///
/// Version 1 is 0.1.0's, which has no browser.
struct SessionPayload {
  /// Changes with the layout, so that an old cookie is nobody's and not somebody else's.
  private static let version: UInt8 = 2
  private static let versionWithoutBrowser: UInt8 = 1
  /// Two names of this many bytes still make a cookie that a browser keeps.
  static let maximumNameBytes = 1024

  private enum FlashCode: UInt8 {
    case none = 0
    case signedIn = 1
    case joined = 2
  }

  let bytes: [UInt8]

  /// Traps on a name of more than `maximumNameBytes`; a `UserName` has at most 256.
  init(_ session: Session) {
    let code: FlashCode
    var flashName = ""
    switch session.flash {
    case nil: code = .none
    case .signedIn: code = .signedIn
    case .joined(let name): (code, flashName) = (.joined, name)
    }
    let version = session.browser == nil ? Self.versionWithoutBrowser : Self.version
    var bytes = [version, code.rawValue]
    Self.append(session.issuedAt, to: &bytes)
    bytes += session.browser?.bytes ?? []
    for text in [session.user ?? "", flashName] {
      precondition(text.utf8.count <= Self.maximumNameBytes)
      Self.append(UInt16(text.utf8.count), to: &bytes)
      bytes.append(contentsOf: text.utf8)
    }
    self.bytes = bytes
  }

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The session; nil unless the bytes are exactly one of this version.
  var session: Session? {
    guard bytes.count >= 10, [Self.version, Self.versionWithoutBrowser].contains(bytes[0]) else {
      return nil
    }
    guard let code = FlashCode(rawValue: bytes[1]) else { return nil }
    let issuedAt = Int64(bitPattern: bytes[2..<10].reduce(0) { $0 << 8 | UInt64($1) })
    var rest = bytes[10...]
    var browser: BrowserID?
    if bytes[0] == Self.version {
      browser = BrowserID(Array(rest.prefix(BrowserID.length)))
      guard browser != nil else { return nil }
      rest = rest.dropFirst(BrowserID.length)
    }
    guard let user = Self.takeText(&rest), let name = Self.takeText(&rest), rest.isEmpty else {
      return nil
    }
    let flash: Flash?
    switch code {
    case .none: flash = nil
    case .signedIn: flash = .signedIn
    case .joined: flash = .joined(name: name)
    }
    guard code == .joined || name.isEmpty else { return nil }
    return Session(user: user, flash: flash, browser: browser, issuedAt: issuedAt)
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  private static func takeText(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard rest.count >= 2 else { return nil }
    let count = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
    guard rest.count >= 2 + count else { return nil }
    let text = rest.dropFirst(2).prefix(count)
    rest = rest.dropFirst(2 + count)
    return String(validating: text, as: UTF8.self)
  }
}
