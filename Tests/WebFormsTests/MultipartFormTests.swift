import TestSupport
import Testing
import WebForms

@Suite struct MultipartFormTests {
  private func form(_ body: String, boundary: String = "b") throws(FormError) -> FormFields {
    try FormFields(multipart: Array(body.utf8), boundary: boundary)
  }

  /// A body of one part with this disposition and content.
  private func part(_ disposition: String, _ content: String = "x") -> String {
    "--b\r\nContent-Disposition: \(disposition)\r\n\r\n\(content)\r\n--b--\r\n"
  }

  @Test func `every part is a field, in order`() throws {
    let fields = try form(
      "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n你好\r\n"
        + "--b\r\ncontent-disposition:form-data;name=to\r\nContent-Type: text/plain\r\n\r\nall\r\n"
        + "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a;b.txt\"\r\n"
        + "Content-Type: application/octet-stream\r\n\r\none\r\n\r\ntwo\r\n\r\n"
        + "--b--\r\n")
    #expect(fields.all.map(\.name) == ["message", "to", "f"])
    #expect(fields.all.map(\.value) == ["你好", "all", "one\r\n\r\ntwo\r\n"])
  }

  @Test(arguments: [
    ("form-data; name=\"a\"", "a"), ("form-data; name=a", "a"), ("Form-Data; NAME=\"a\"", "a"),
    ("form-data; name=\"a\\\"b\"", "a\"b"), ("form-data; name=\"a%22b\"", "a\"b"),
    ("form-data; name=\"a%0D%0ab\"", "a\r\nb"), ("form-data; name=\"a%41%b\"", "a%41%b"),
    ("form-data; name=\"a\\b\"", "a\\b"), ("form-data; name=\"\"", ""),
    ("form-data; name=\"a;b=c\"", "a;b=c"), ("form-data; filename=\"name=x\"; name=\"a\"", "a"),
    ("form-data; filename=\"C:\\d\\f\"; name=\"a\"", "a"), ("form-data ; name = \"a\" ", "a"),
    ("form-data; name=\"聊\"", "聊"),
  ])
  func `a name is read in all its spellings`(disposition: String, name: String) throws {
    #expect(try form(part(disposition)).all == [FormFields.Field(name: name, value: "x")])
  }

  @Test(arguments: [
    "", "\r\n", "\r\n\r\n", "a\nb", "--bb", "--b\n--bb", "\r\n--bx\r\n", "\r\n--b x", "\n--b\n",
    "\r\n--c--\r\n", "-", "--", "\r", "\r\n-", "\r\n--b-", "\r\n--b-\r\nx", "\r\r\n--", "\u{0}",
  ])
  func `a content is taken whole`(content: String) throws {
    // Nothing but a delimiter alone on its line ends it.
    #expect(try form(part("form-data; name=a", content)).first("a") == content)
  }

  @Test(arguments: [
    "--b--", "--b--\r\n", "--b-- \t\r\nepilogue", "preamble\r\n--b--", "\r\n--b--",
    "--bb\r\n--b --\r\n--b--",
  ])
  func `a body may have no parts`(body: String) throws {
    #expect(try form(body).all.isEmpty)
  }

  @Test func `what stands before the first and behind the last delimiter is skipped`() throws {
    let fields = try form(
      "This is multipart.\r\n" + part("form-data; name=a") + "--b\r\nnothing\r\n--b--")
    #expect(fields.all.map(\.name) == ["a"])
  }

  @Test func `spaces behind a delimiter do not count`() throws {
    let fields = try form(
      "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b-- \r\n")
    #expect(fields.first("a") == "x")
  }

  @Test func `a part without content may have no empty line of its own`() throws {
    let fields = try form("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--")
    #expect(fields.all == [FormFields.Field(name: "a", value: "")])
  }

  @Test(arguments: [
    "", "x", "--b", "--b\r\n", "--b\r\n\r\n", "--b-", "--b--x", "--c--",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b\r\n",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\n--b--",
    "--b\nContent-Disposition: form-data; name=a\n\nx\n--b--",
    "--b\r\n\r\nx\r\n--b--", "--b\r\n--b--", "--b\r\n\r\n--b--",
    "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=\"a\"x\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=a\r\n"
      + "Content-Disposition: form-data; name=b\r\n\r\nx\r\n--b--",
  ])
  func `a broken body is malformed`(body: String) {
    #expect(throws: FormError.malformed) { try form(body) }
  }

  @Test func `a content that is not UTF-8 is refused`() {
    let head = Array("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n".utf8)
    #expect(throws: FormError.invalidUTF8) {
      try FormFields(multipart: head + [0xFF] + Array("\r\n--b--".utf8), boundary: "b")
    }
  }

  @Test(arguments: [
    "b", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "'()+_,-./:=?", "a b",
    String(repeating: "x", count: 70),
  ])
  func `a boundary of RFC 2046 is taken`(boundary: String) throws {
    let body =
      "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--\(boundary)--"
    #expect(try form(body, boundary: boundary).first("a") == "x")
  }

  @Test(arguments: ["", " ", "a ", "a\r\n", "é", "a\"b", "a;b", String(repeating: "x", count: 71)])
  func `another boundary is malformed`(boundary: String) {
    #expect(throws: FormError.malformed) {
      try form("--\(boundary)--", boundary: boundary)
    }
  }

  @Test func `a part's header is 16 KiB at most`() throws {
    let line = "Content-Disposition: form-data; name=a\r\nX: "
    let filled = { line + String(repeating: "x", count: (16 << 10) - line.utf8.count - 2 + $0) }
    #expect(try form("--b\r\n\(filled(0))\r\n\r\nx\r\n--b--").first("a") == "x")
    #expect(throws: FormError.malformed) {
      try form("--b\r\n\(filled(1))\r\n\r\nx\r\n--b--")
    }
  }

  @Test func `a hundred parts are the most`() throws {
    let one = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"
    #expect(try form(String(repeating: one, count: 100) + "--b--").all.count == 100)
    #expect(throws: FormError.tooManyFields) {
      try form(String(repeating: one, count: 101) + "--b--")
    }
  }

  @Test(arguments: ["\r\n--b", "\r\n--b ", "\r", "\r\n", "\n", "x", "--b\r\n", "\r\n--b-"])
  func `half a megabyte of anything is read in linear time`(piece: String) throws {
    // What is read in the square of this would not end; no clock is asked.
    let junk = String(repeating: piece, count: (1 << 19) / piece.utf8.count)
    let end = "\r\n--b--"
    _ = try? form(junk)  // Whether it is a form does not matter here.
    _ = try? form("--b\r\n" + junk + end)
    _ = try? form("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + junk + end)
    #expect(throws: FormError.self) { try form(junk + "\r\n--b\r\n") }
  }

  @Test func `junk never traps`() {
    var generator = SplitMix64(seed: 11)
    let pieces = [
      "--b", "--", "\r\n", "\r", "\n", "Content-Disposition: form-data; name=", "\"", "a", ";", "=",
      ":", "\\", "%22", " ", "b", "\r\n--b\r\n", "\r\n--b--",
    ]
    var read = 0
    for _ in 0..<5000 {
      let count = Int.random(in: 0..<16, using: &generator)
      let body = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      // Any answer will do.
      if (try? form(body)) != nil { read += 1 }
    }
    #expect(read > 0)
  }
}
