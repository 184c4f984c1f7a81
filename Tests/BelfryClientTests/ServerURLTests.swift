import BelfryClient
import Reactor
import Testing

@Suite struct ServerURLTests {
  @Test(arguments: [
    ("http://127.0.0.1:5000", "127.0.0.1:5000", "127.0.0.1:5000", ""),
    ("http://example.org", "example.org:80", "example.org", ""),
    ("HTTP://example.org/chat/", "example.org:80", "example.org", "/chat"),
    ("http://[::1]:5000/a/b", "[::1]:5000", "[::1]:5000", "/a/b"),
    ("http://[::1]", "[::1]:80", "[::1]", ""),
    ("unix:/run/b.sock", "unix:/run/b.sock", "localhost", ""),
    ("unix:/run/b.sock:/chat", "unix:/run/b.sock", "localhost", "/chat"),
  ])
  func `an address has an end, a host and a base path`(
    text: String, address: String, host: String, basePath: String
  ) throws {
    let url = try ServerURL(text)
    #expect(url.address.description == address)
    #expect(url.host == host && url.basePath == basePath)
  }

  @Test(arguments: [
    "", "127.0.0.1:5000", "http://", "http://:80", "http://h:0", "http://h:99999", "http://a b",
    "http://*:80", "http://user@h", "http://h/a?b", "http://h/a b", "http://h#x", "unix:",
    "unix:/s:chat", "ftp://h", "http://h\r\nX: y",
  ])
  func `what is none is refused, with what would be one`(text: String) {
    let error = #expect(throws: ServerURL.Malformed.self) { try ServerURL(text) }
    #expect(error?.description.contains("http://HOST") == true)
  }

  @Test func `of https it is said that curl speaks it`() {
    let error = #expect(throws: ServerURL.Malformed.self) { try ServerURL("https://h/chat") }
    #expect(error?.description.contains("curl -N https://h/chat/stream") == true)
  }

  @Test func `a form's fields are encoded so that nothing in them is taken for its grammar`() {
    var form = Form()
    form.add("message", "a b&c=d+ä%\n")
    form.add("room", "x_-.*Z9")
    #expect(form.text == "message=a%20b%26c%3Dd%2B%C3%A4%25%0A&room=x_-.*Z9")
  }
}
