import BelfryServer
import Reactor
import TestSupport
import Testing

@Suite struct ForwardingTests {
  /// What is made of a request by `peer` with these fields, when 10.0.0.0/8, fd00::/8 and Unix
  /// sockets are trusted.
  private func forwarding(_ fields: [String], from peer: Peer = .unix) throws -> Forwarding {
    let lines = fields.map { "\($0)\r\n" }.joined()
    let head = RequestHead(Array("GET / HTTP/1.1\r\nHost: inside\r\n\(lines)\r\n".utf8))
    return Forwarding(
      HTTPRequest(head: try #require(head), peer: peer),
      proxies: try TrustedProxies(["10.0.0.0/8", "fd00::/8", "unix"]))
  }

  private func client(_ fields: String...) throws -> String {
    try forwarding(fields).client.description
  }

  @Test(arguments: [
    // One proxy.
    ("192.0.2.1", "192.0.2.1"), ("192.0.2.1:8080", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"), ("[2001:db8::1]:443", "2001:db8::1"),
    ("::ffff:192.0.2.1", "192.0.2.1"), (" \t192.0.2.1 ", "192.0.2.1"),
    // What stands before the first who is not trusted was written by anybody.
    ("10.9.9.9, 192.0.2.66, 192.0.2.1", "192.0.2.1"), ("192.0.2.66,192.0.2.1", "192.0.2.1"),
    ("192.0.2.1, 10.0.0.1", "192.0.2.1"), ("192.0.2.1,10.0.0.1:1234,fd00::2", "192.0.2.1"),
    ("192.0.2.66, 192.0.2.1, [fd00::2]:99, 10.0.0.1", "192.0.2.1"),
    ("192.0.2.1, unix:", "192.0.2.1"),
    // All are proxies of ours: the outermost asks for itself.
    ("10.0.0.2, 10.0.0.1", "10.0.0.2"), ("unix:", "unix"),
    // Where a name is no address, it is the proxy that gave it.
    ("", "unix"), ("unknown", "unix"), ("192.0.2.1, unknown", "unix"),
    ("192.0.2.1, garbage, 10.0.0.1", "10.0.0.1"), ("192.0.2.1,, 10.0.0.1", "10.0.0.1"),
    ("192.0.2.1, 10.0.0.1,", "unix"), ("192.0.2.1 192.0.2.2", "unix"), ("\"192.0.2.1\"", "unix"),
    ("1.2.3", "unix"), ("192.0.2.1:", "unix"), ("192.0.2.1:1 2", "unix"), ("[192.0.2.1]", "unix"),
    ("[2001:db8::1", "unix"), ("2001:db8::1]", "unix"), ("[]", "unix"), ("[2001:db8::1]x", "unix"),
    ("192.0.2.1, \u{301}10.0.0.1", "unix"), ("fe80::1%eth0", "unix"),
  ])
  func `of X-Forwarded-For the rightmost address counts that is no proxy of ours`(
    value: String, client expected: String
  ) throws {
    #expect(try client("X-Forwarded-For: \(value)") == expected)
  }

  @Test func `several fields are one list`() throws {
    #expect(
      try client("X-Forwarded-For: 192.0.2.66, 192.0.2.1", "x-forwarded-for: 10.0.0.1")
        == "192.0.2.1")
    #expect(
      try client("X-Forwarded-For: 192.0.2.66", "X-Forwarded-For: 192.0.2.1") == "192.0.2.1")
    #expect(try client("Forwarded: for=192.0.2.1", "Forwarded: for=10.0.0.1") == "192.0.2.1")
    // What the client wrote can't be read; what the proxy wrote can.
    #expect(try client("Forwarded: for=\"", "Forwarded: for=192.0.2.1") == "192.0.2.1")
    #expect(try client("Forwarded: for=\"", "Forwarded: for=10.0.0.1") == "10.0.0.1")
  }

  @Test(arguments: [
    ("for=192.0.2.1", "192.0.2.1"), ("For=\"192.0.2.1:47011\"", "192.0.2.1"),
    ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
    ("for=\"[2001:db8::1]\"", "2001:db8::1"), ("for=[2001:db8::1]:80", "2001:db8::1"),
    ("for=192.0.2.1:80", "192.0.2.1"), ("for=\"192.0.2.1:_gazonk\"", "192.0.2.1"),
    ("for=192.0.2.66, for=192.0.2.1;by=x;proto=http ,for=\"[fd00::1]:1\"", "192.0.2.1"),
    ("by=\"a,b;for=192.0.2.66\";for=192.0.2.1", "192.0.2.1"),
    ("for=\"192\\.0.2.1\"", "192.0.2.1"), (";; for=192.0.2.1 ;", "192.0.2.1"),
    ("for=192.0.2.1, for=10.0.0.1;x=\"\\\", for=192.0.2.66\"", "192.0.2.1"),
    ("for=192.0.2.66, by=10.0.0.1", "unix"), ("for=unknown", "unix"), ("for=_hidden", "unix"),
    ("for=192.0.2.66, for=_secret, for=10.0.0.1", "10.0.0.1"), ("", "unix"), (",", "unix"),
    ("for=192.0.2.1;for=192.0.2.66", "unix"), ("for", "unix"), ("for=", "unix"),
    ("for=\"192.0.2.1", "unix"), ("for=\"\", for=\"192.0.2.1\\", "unix"),
    ("for = 192.0.2.1", "unix"),
    ("for=\"x, for=\"192.0.2.1\"", "unix"), ("for=\"192.0.2.1\"x", "unix"), ("=192.0.2.1", "unix"),
    ("for=192.0.2.1 by=x", "unix"),
  ])
  func `Forwarded is read like that too`(value: String, client expected: String) throws {
    #expect(try client("Forwarded: \(value)") == expected)
  }

  @Test func `a list of more than 32 is not followed`() throws {
    let proxies = { Array(repeating: "10.0.0.1", count: $0) }
    for (count, found) in [(31, "192.0.2.1"), (32, "10.0.0.1")] {
      let list = ["192.0.2.1"] + proxies(count)
      #expect(try client("X-Forwarded-For: \(list.joined(separator: ", "))") == found)
      let elements = list.map { "for=\($0)" }.joined(separator: ", ")
      #expect(try client("Forwarded: \(elements)") == (count < 32 ? found : "unix"))
    }
  }

  @Test func `nobody is believed who is not trusted`() throws {
    let peer = Peer.address(try #require(IPAddress("192.0.2.9")))
    let fields = ["For: 192.0.2.1", "Proto: https", "Host: outside"].map { "X-Forwarded-\($0)" }
    for fields in [fields, ["Forwarded: for=192.0.2.1;proto=https;host=outside"]] {
      let forwarding = try forwarding(fields, from: peer)
      #expect(forwarding.client == peer)
      #expect(!forwarding.isSecure && forwarding.host == nil)
      let trusted = try self.forwarding(fields)
      #expect(trusted.client.description == "192.0.2.1")
      #expect(trusted.isSecure && trusted.host == "outside")
    }
  }

  @Test(arguments: ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: a"])
  func `who speaks of X-Forwarded passes on a client's Forwarded unread`(field: String) throws {
    let both = try forwarding([field, "Forwarded: for=192.0.2.66;proto=https;host=evil"])
    #expect(both.client.description == (field.contains("For:") ? "192.0.2.1" : "unix"))
    #expect(!both.isSecure && both.host != "evil")
  }

  @Test func `scheme and host are those of the client's own request`() throws {
    let chain = try forwarding([
      "Forwarded: for=192.0.2.66;proto=http;host=a, for=192.0.2.1;proto=HTTPS;host=\"b:8443\"",
      "Forwarded: for=10.0.0.1;proto=http;host=c",
    ])
    #expect(chain.isSecure && chain.host == "b:8443")
    let list = try forwarding(["X-Forwarded-Proto: https, http", "X-Forwarded-Host: a, b"])
    #expect(list.isSecure && list.host == "a")
    let bare = try forwarding(["Forwarded: proto=https"])
    #expect(bare.isSecure && bare.host == nil && bare.client == .unix)
    #expect(try !forwarding(["Forwarded: proto=\"https"]).isSecure)
  }

  @Test(arguments: [
    ("/chat", "/chat"), ("/chat/", "/chat"), ("/a/b-c_d.e~f", "/a/b-c_d.e~f"), ("/", ""),
    ("", nil), ("chat", nil), ("//evil.example", nil), ("/\\evil.example", nil), ("/a//b", nil),
    ("/a/../b", nil), ("/.", nil), ("/a b", nil), ("/a%2Fb", nil), ("/a?b", nil), ("/a#b", nil),
    ("/a\"b", nil), ("/a;b", nil), ("/a, /b", nil), ("https://evil.example", nil), ("/é", nil),
  ])
  func `a prefix is a clean absolute path or none`(value: String, prefix: String?) throws {
    let field = "X-Forwarded-Prefix: \(value)"
    #expect(try forwarding([field]).prefix?.text == prefix)
    #expect(try forwarding([field, field]).prefix == nil)
    let stranger = Peer.address(try #require(IPAddress("192.0.2.9")))
    #expect(try forwarding([field], from: stranger).prefix == nil)
  }

  @Test func `a trusted proxy's prefix stands in links, redirects and cookies`() throws {
    for (proxies, base) in [(["127.0.0.1"], "/talk"), (["10.0.0.1"], "/chat")] {
      let trusted = try TrustedProxies(proxies)
      let server = try TestServer {
        $0.basePath = "/chat"
        $0.trustedProxies = trusted
      }
      defer { server.stop() }
      let prefix = "X-Forwarded-Prefix: /talk"
      let away = try server.get("/chat/", prefix)
      #expect(away["Location"] == "\(base)/login")
      let form = try server.get("/chat/login", prefix).text
      #expect(form.contains("action=\"\(base)/login\""))
      let signedIn = try server.post("/chat/login", "user=Ann", prefix)
      #expect(signedIn["Location"] == "\(base)/")
      #expect(signedIn["Set-Cookie"]?.contains("; Path=\(base);") == true)
      let cookie = "Cookie: \(try #require(signedIn.cookie))"
      let page = try server.get("/chat/", prefix, cookie)
      #expect(page.text.contains("data-base=\"\(base)\""))
      #expect(page.text.contains("src=\"\(base)/static/belfry.js"))
      #expect(page["Set-Cookie"]?.contains("; Path=\(base);") == true)
      let bad = try server.post("/chat/login", "user=", prefix).text
      #expect(bad.contains("action=\"\(base)/login\""))
      let out = try server.get("/chat/logout", prefix, cookie)
      #expect(out["Location"] == "\(base)/login")
      #expect(out["Set-Cookie"]?.contains("; Path=\(base);") == true)
    }
  }
}
