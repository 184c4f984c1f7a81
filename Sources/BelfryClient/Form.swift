/// Fields of a form, as `application/x-www-form-urlencoded` has them (WHATWG URL, section 5.2).
package struct Form {
  package private(set) var text = ""

  package init() {}

  package mutating func add(_ name: String, _ value: String) {
    if !text.isEmpty { text += "&" }
    text += Self.encoded(name) + "=" + Self.encoded(value)
  }

  private static func encoded(_ value: String) -> String {
    var bytes: [UInt8] = []
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "*"):
        bytes.append(byte)
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        bytes += "%\(byte < 16 ? "0" : "")\(digits)".utf8
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
