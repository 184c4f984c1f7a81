import Chat
import TestSupport
import Testing

@Suite struct SessionKeysTests {
  private let a = String(repeating: "a", count: 32)
  private let b = String(repeating: "b", count: 40)

  /// The cookie that a file's first key signs; it tells keys apart without looking into them.
  private func cookie(_ secretFile: [UInt8]) throws -> String {
    let keys = try SessionKeys(secretFile: secretFile)
    return SessionCodec(keys: keys).encode(Session(user: "ann", issuedAt: 0))
  }

  @Test func `every line that is not blank is a key`() throws {
    let keys = try SessionKeys(secretFile: "\n\(a)\r\n  \n\n\(b)  \n\r\n")
    #expect(
      keys.all == [try SessionKeys(secretFile: a).signing, try SessionKeys(secretFile: b).signing])
    #expect(keys.signing == keys.all.first)
  }

  @Test func `a last line needs no line ending`() throws {
    #expect(try cookie(Array(a.utf8)) == cookie(Array("\(a)\r\n".utf8)))
  }

  @Test func `a key is bytes, not text`() throws {
    let raw = [UInt8](repeating: 0xFF, count: 31)
    let cookies = try [0x00, 0x80, 0xFF].map { try cookie(raw + [$0, 0x0A]) }
    #expect(Set(cookies).count == 3)
    #expect(try cookie(raw + [0]) == cookies[0])
  }

  @Test func `white space at the beginning or within is part of the key`() throws {
    let key = " " + String(repeating: "x y", count: 11)
    let trimmed = try cookie(Array(key.utf8.dropFirst()))
    let squeezed = try cookie(Array(key.utf8.filter { $0 != UInt8(ascii: " ") } + a.utf8))
    #expect(try Set([cookie(Array(key.utf8)), trimmed, squeezed]).count == 3)
  }

  @Test func `a short key is refused by its line`() {
    #expect(throws: SessionKeyError.keyTooShort(line: 3, bytes: 31)) {
      try SessionKeys(secretFile: "\(a)\n\n\(a.dropLast())\n")
    }
    #expect(throws: SessionKeyError.keyTooShort(line: 1, bytes: 31)) {
      try SessionKeys(secretFile: "\(a.dropLast())   \n")
    }
    let error = SessionKeyError.keyTooShort(line: 3, bytes: 31)
    #expect("\(error)" == "write a key of at least 32 bytes in line 3: it has 31")
  }

  @Test(arguments: ["", "\n", " \r\n\r\n  "])
  func `a file without a key is refused`(contents: String) {
    #expect(throws: SessionKeyError.noKey) { try SessionKeys(secretFile: contents) }
  }

  @Test func `random keys differ and sign`() {
    var generator = SplitMix64(seed: 1)
    let first = SessionKeys.random(using: &generator)
    let second = SessionKeys.random(using: &generator)
    #expect(first.all.count == 1)
    #expect(first.all != second.all)
    let cookie = SessionCodec(keys: first).encode(Session(user: "ann", issuedAt: 0))
    #expect(SessionCodec(keys: first).decode(cookie, now: 0, maximumAge: 1)?.user == "ann")
    #expect(SessionCodec(keys: second).decode(cookie, now: 0, maximumAge: 1) == nil)
  }
}
