import Testing
import WebForms

@Suite struct FormFieldsTests {
  private func pairs(_ form: FormFields) -> [String] { form.all.map { "\($0.name)|\($0.value)" } }

  @Test(arguments: [
    ("", []), ("a=1", ["a|1"]), ("a=1&b=2", ["a|1", "b|2"]), ("a&b=1", ["a|", "b|1"]),
    ("a=&=b&=", ["a|", "|b", "|"]), ("&&a=1&&", ["a|1"]), ("a=b=c", ["a|b=c"]),
    ("a=1&a=2", ["a|1", "a|2"]), ("a+b=c+d", ["a b|c d"]), ("a%2Bb=c%26d%3De", ["a+b|c&d=e"]),
    ("m=%E4%BD%A0%e5%a5%bd", ["m|你好"]), ("m=你好", ["m|你好"]), ("m=a%00b", ["m|a\u{0}b"]),
    ("m=a%0D%0Ab", ["m|a\r\nb"]), ("m=100%", ["m|100%"]), ("m=%4", ["m|%4"]),
    ("m=%zz%41", ["m|%zzA"]), ("m=%%41", ["m|%A"]), ("m=%4%41", ["m|%4A"]), ("m=%2541", ["m|%41"]),
    ("a;b=1", ["a;b|1"]),
  ])
  func `a url-encoded body gives its fields in order`(body: String, expected: [String]) throws {
    #expect(pairs(try FormFields(urlEncoded: body.utf8)) == expected)
  }

  @Test(arguments: ["a=%FF", "%FF=a", "a=%C3", "a=%ED%A0%80", "a=%C0%80", "a=%F0%9F%98"])
  func `what is not UTF-8 is refused`(body: String) {
    #expect(throws: FormError.invalidUTF8) { try FormFields(urlEncoded: body.utf8) }
  }

  @Test func `raw bytes that are not UTF-8 are refused`() {
    #expect(throws: FormError.invalidUTF8) {
      try FormFields(urlEncoded: Array("a=".utf8) + [0xE4, 0xBD])
    }
  }

  @Test func `a hundred fields are the most`() throws {
    let hundred = Array(repeating: "a=1", count: 100).joined(separator: "&")
    #expect(try FormFields(urlEncoded: hundred.utf8).all.count == 100)
    #expect(throws: FormError.tooManyFields) { try FormFields(urlEncoded: "\(hundred)&b".utf8) }
    #expect(try FormFields(urlEncoded: "\(hundred)&&&".utf8).all.count == 100)
  }

  @Test func `fields are found by name`() throws {
    let form = try FormFields(urlEncoded: "a=1&b=2&a=3".utf8)
    #expect(form.first("a") == "1")
    #expect(form.all("a") == ["1", "3"])
    #expect(form.first("A") == nil)
    #expect(form.all("c") == [])
  }

  @Test(arguments: [
    "application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded",
    "application/x-www-form-urlencoded; charset=UTF-8", " application/x-www-form-urlencoded ;",
    "application/x-www-form-urlencoded;charset=\"utf-8\"",
  ])
  func `a url-encoded type is known in any spelling`(type: String) throws {
    let form = try FormFields(contentType: type, body: Array("message=hi".utf8))
    #expect(form.first("message") == "hi")
  }

  @Test(arguments: [
    "multipart/form-data; boundary=xYz", "Multipart/Form-Data;BOUNDARY=\"xYz\"",
    "multipart/form-data; charset=utf-8 ; boundary = \"x\\Yz\" ",
    "multipart/form-data;;boundary=xYz;",
  ])
  func `a multipart type is known in any spelling`(type: String) throws {
    let body =
      "--xYz\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhi\r\n--xYz--\r\n"
    #expect(try FormFields(contentType: type, body: Array(body.utf8)).first("message") == "hi")
  }

  @Test(arguments: [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=XYZ", "multipart/form-data; boundaryx=xYz",
  ])
  func `a multipart type without its boundary is malformed`(type: String) {
    let body =
      "--xYz\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhi\r\n--xYz--\r\n"
    #expect(throws: FormError.malformed) {
      try FormFields(contentType: type, body: Array(body.utf8))
    }
  }

  @Test(arguments: [
    nil, "", "text/plain", "application/json", "multipart/mixed; boundary=x",
    "application/x-www-form-urlencodedx", "application/x-www-form-urlencoded; a=\"b",
  ])
  func `another type is refused unless there is no body`(type: String?) throws {
    #expect(throws: FormError.unsupportedMediaType) {
      try FormFields(contentType: type, body: Array("a=1".utf8))
    }
    #expect(try FormFields(contentType: type, body: []).all.isEmpty)
  }
}
