import Chat
import Events
import TestSupport
import Testing

@Suite struct SessionCodecTests {
  private static let day: Int64 = 24 * 60 * 60
  private static let now: Int64 = 1_800_000_000
  private static let browser: BrowserID = {
    var random = SplitMix64(seed: 1)
    return .random(using: &random)
  }()

  private func keys(_ characters: Character...) throws -> SessionKeys {
    try SessionKeys(
      secretFile: characters.map { String(repeating: $0, count: 32) }.joined(separator: "\n"))
  }

  private func read(
    _ cookie: String, _ codec: SessionCodec, now: Int64 = Self.now, maximumAge: Int64 = Self.day
  ) -> Session? {
    codec.decode(cookie, now: now, maximumAge: maximumAge)
  }

  /// Tests/HandoverTests/Fixtures/0.1.0-cookie.txt
  @Test func `a cookie of 0-1-0 is good, and has no browser`() throws {
    let cookie =
      "AQEAAAAAaw4NmQADQW5uAAA.UtZ-xX5nqppGiECDmMN3l0ydv_TmHYbmJRHTZxvpw40"
    let keys = try SessionKeys(
      secretFile: String(repeating: "0123456789abcdef", count: 4))
    let session = try #require(
      SessionCodec(keys: keys).decode(cookie, now: 1_796_083_000, maximumAge: Self.day))
    #expect(session.user == "Ann" && session.flash == .signedIn)
    #expect(session.browser == nil && session.sender == Sender(name: "Ann"))
  }

  @Test func `what listeners see of a browser is its own, and not what is in the cookie`() throws {
    var random = SplitMix64(seed: 2)
    let browsers = (0..<1000).map { _ in BrowserID.random(using: &random) }
    #expect(Set(browsers).count == 1000 && Set(browsers.map(\.senderID)).count == 1000)
    #expect(browsers.allSatisfy { $0.senderID == $0.senderID })
    let keys = try keys("a")
    for browser in browsers.prefix(20) {
      let session = Session(user: "ann", browser: browser, issuedAt: Self.now)
      #expect(session.sender == Sender(name: "ann", id: browser.senderID))
      #expect(!SessionCodec(keys: keys).encode(session).contains(browser.senderID.text))
    }
    #expect(Session(browser: browsers[0], issuedAt: Self.now).sender == nil)
  }

  @Test(arguments: [
    Session(issuedAt: now), Session(user: "ann", issuedAt: now),
    Session(user: "小明😀", flash: .signedIn, issuedAt: now),
    Session(user: "ann", flash: .joined(name: "ann"), issuedAt: now),
    Session(user: nil, flash: .joined(name: "小明"), issuedAt: now - 1),
    Session(user: "a", flash: .joined(name: ""), issuedAt: now),
    Session(user: String(repeating: "😀", count: 256), issuedAt: now),
    Session(user: "ann", browser: browser, issuedAt: now),
    Session(user: nil, flash: .joined(name: "ann"), browser: browser, issuedAt: now),
  ])
  func `a session comes back as it was`(session: Session) throws {
    let codec = SessionCodec(keys: try keys("a"))
    let cookie = codec.encode(session)
    #expect(read(cookie, codec) == session)
    let plain = cookie.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    #expect(plain)
  }

  @Test func `an empty user is nobody`() throws {
    let session = Session(user: "", issuedAt: Self.now)
    #expect(session.user == nil)
    let codec = SessionCodec(keys: try keys("a"))
    #expect(read(codec.encode(session), codec)?.user == nil)
  }

  @Test func `a cookie's form does not change from one version to the next`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    let session = Session(user: "ann", flash: .joined(name: "ann"), issuedAt: Self.now)
    // Made by Python's hmac and base64, so that a change of ours is seen here and not by users.
    #expect(
      codec.encode(session)
        == "AQIAAAAAa0nSAAADYW5uAANhbm4.ZRR6btOkoQdcro-mQXkLifk-eI1scMWNGqWKjlCcGUk")
  }

  @Test func `a cookie with any one bit changed is refused`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    for user in ["a", "an", "ann"] {
      let bytes = Array(
        codec.encode(Session(user: user, flash: .signedIn, issuedAt: Self.now)).utf8)
      for index in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[index] ^= 1 << bit
          let cookie = String(decoding: changed, as: UTF8.self)
          #expect(read(cookie, codec) == nil, "bit \(bit) of byte \(index)")
        }
      }
    }
  }

  @Test func `a cookie cut or lengthened anywhere is refused`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    let cookie = codec.encode(Session(user: "ann", issuedAt: Self.now))
    for count in 0..<cookie.utf8.count { #expect(read(String(cookie.prefix(count)), codec) == nil) }
    for tail in ["A", "=", ".", " ", "\n", "\u{0}", ".\(cookie)"] {
      #expect(read(cookie + tail, codec) == nil)
      #expect(read(tail + cookie, codec) == nil)
    }
  }

  @Test func `a cookie of other keys is refused`() throws {
    let cookie = SessionCodec(keys: try keys("a")).encode(Session(user: "ann", issuedAt: Self.now))
    #expect(read(cookie, SessionCodec(keys: try keys("b", "c"))) == nil)
  }

  @Test func `a payload and a MAC of two cookies are refused together`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    let ann = codec.encode(Session(user: "ann", issuedAt: Self.now)).split(separator: ".")
    let bob = codec.encode(Session(user: "bob", issuedAt: Self.now)).split(separator: ".")
    #expect(read("\(ann[0]).\(bob[1])", codec) == nil)
    #expect(read("\(ann[1]).\(ann[0])", codec) == nil)
  }

  @Test func `a new key before the old one signs nobody out`() throws {
    let old = SessionCodec(keys: try keys("a"))
    let both = SessionCodec(keys: try keys("b", "a"))
    let new = SessionCodec(keys: try keys("b"))
    let session = Session(user: "ann", issuedAt: Self.now)
    #expect(read(old.encode(session), both) == session, "any key verifies")
    #expect(read(both.encode(session), new) == session, "the first key signs")
    #expect(read(both.encode(session), old) == nil)
    #expect(read(old.encode(session), new) == nil, "an old key is gone at last")
  }

  @Test func `a cookie exactly of the maximum age is good, one second more is not`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    let session = Session(user: "ann", issuedAt: Self.now)
    let cookie = codec.encode(session)
    #expect(read(cookie, codec, now: Self.now + Self.day) == session)
    #expect(read(cookie, codec, now: Self.now + Self.day + 1) == nil)
    #expect(read(cookie, codec, now: Self.now, maximumAge: 0) == session)
    #expect(read(cookie, codec, now: Self.now + 1, maximumAge: 0) == nil)
  }

  @Test func `a cookie from five minutes ahead is good, one second more is not`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    let session = Session(user: "ann", issuedAt: Self.now)
    let cookie = codec.encode(session)
    #expect(read(cookie, codec, now: Self.now - 300) == session)
    #expect(read(cookie, codec, now: Self.now - 301) == nil)
  }

  @Test(arguments: [Int64.min, -1, 0, .max])
  func `no time overflows`(issuedAt: Int64) throws {
    let codec = SessionCodec(keys: try keys("a"))
    let cookie = codec.encode(Session(user: "ann", issuedAt: issuedAt))
    #expect(read(cookie, codec, now: Self.now) == nil)
    #expect(read(cookie, codec, now: issuedAt)?.issuedAt == issuedAt)
    for now in [Int64.min, .max] where now != issuedAt {
      #expect(read(cookie, codec, now: now) == nil)
    }
  }

  @Test func `junk is nobody's session`() throws {
    let codec = SessionCodec(keys: try keys("a"))
    var generator = SplitMix64(seed: 7)
    let cookie = Array(codec.encode(Session(user: "ann", issuedAt: Self.now)).utf8)
    for _ in 0..<2000 {
      let count = Int.random(in: 0..<120, using: &generator)
      let alphabet = cookie + Array("=+/% ;\",é\u{0}".utf8)
      let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      #expect(read(String(decoding: bytes, as: UTF8.self), codec) == nil)
    }
    for junk in ["", ".", "..", "a.b", "AQ.AQ", String(repeating: "A", count: 1 << 20)] {
      #expect(read(junk, codec) == nil)
    }
  }
}
