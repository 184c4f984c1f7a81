import Crypto
import Testing

@Suite struct HMACKeyTests {
  /// RFC 4231, sections 4.2, 4.3, 4.4, 4.7 and 4.8.
  private static let vectors: [(key: [UInt8], message: [UInt8], code: String)] = [
    (
      Array(repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      Array(repeating: 0xAA, count: 20), Array(repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Array(repeating: 0xAA, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      Array(repeating: 0xAA, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]

  @Test(arguments: vectors.indices)
  func `a message has the code of the RFC`(index: Int) {
    let (secret, message, code) = Self.vectors[index]
    #expect(HMACKey(secret: secret).authenticationCode(for: message).hexadecimal == code)
  }

  @Test func `only the right code of the right length is valid`() {
    let key = HMACKey(secret: Array(repeating: 7, count: 32))
    let message = Array("message".utf8)
    let code = key.authenticationCode(for: message)
    #expect(key.isValid(code, for: message))
    for index in code.indices {
      var changed = code
      changed[index] ^= 1
      #expect(!key.isValid(changed, for: message))
    }
    for count in 0..<code.count { #expect(!key.isValid(Array(code.prefix(count)), for: message)) }
    #expect(!key.isValid(code + [0], for: message))
    #expect(!key.isValid(code, for: message + [0]))
  }

  @Test func `an empty message has a code`() {
    // Made by Python's hmac.
    #expect(
      HMACKey(secret: Array("k".utf8)).authenticationCode(for: []).hexadecimal
        == "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620")
  }

  @Test func `a key shows nothing of its secret`() {
    let key = HMACKey(secret: Array("sesame".utf8))
    var dumped = ""
    dump(["key": key], to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped] {
      #expect(!text.contains("115") && !text.contains("sesame"))
    }
  }
}
