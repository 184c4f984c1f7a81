import BelfryServer
import EventStream
import Hub
import TestSupport
import Testing

@Suite struct PostTests {
  @Test func `a message reaches every listener of its room as a line`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let (one, two) = (try server.listen(), try server.listen())
    let response = try server.post("/post", "message=hello+there", try server.signIn("Ann"))
    #expect(response.status == 204 && response.body.isEmpty)
    #expect(response["Content-Length"] == nil)
    for listener in [one, two] {
      let text = try #require(try listener.next()).data
      #expect(text.wholeMatch(of: /\[\d\d:\d\d:\d\d\] Ann: hello there/) != nil)
    }
  }

  @Test func `who is not signed in is anonymous`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    #expect(try server.post("/post", "message=x").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("] anonymous: x"))
  }

  @Test func `a multipart form will do`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    let body =
      "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nline 1\r\nline 2\r\n--b--\r\n"
    let response = try server.answer(
      "POST", "/post", ["Content-Type: multipart/form-data; boundary=b"], body: Array(body.utf8))
    #expect(response.status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("anonymous: line 1\nline 2"))
  }

  @Test func `no publisher can forge a field`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    let forged = "x%0Aid: 7%0A%0Adata: y%0Devent: z%0D%0A: c%E2%80%A8%00%F0%9F%98%80"
    #expect(try server.post("/post", "message=" + forged.replacing(" ", with: "+")).status == 204)
    let event = try #require(try listener.next())
    #expect(event.type == "message")
    #expect(event.data.hasSuffix(": x\nid: 7\n\ndata: y\nevent: z\n: c\u{2028}\0😀"))
    #expect(event.lastEventID.hasSuffix("-1"))
  }

  @Test func `an empty message is one, and any character may be in it`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    // The last two as the standard's parser reads them.
    for form in ["message=", "message", "message=%00", "message=%zz", "message=100%"] {
      #expect(try server.post("/post", form).status == 204, "\(form)")
    }
    let texts = try listener.texts(5).map {
      $0.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)[1]
    }
    #expect(texts == ["", "", "\0", "%zz", "100%"])
  }

  @Test func `what is no message is refused with the reason`() throws {
    let server = try TestServer {
      $0.maximumMessage = 100
      $0.rooms = RoomRules([RoomPattern("chat")!, RoomPattern("team-*")!])
    }
    defer { server.stop() }
    func status(_ form: String) throws -> Int { try server.post("/post", form).status }
    #expect(try status("") == 400)
    #expect(try status("text=x") == 400)
    #expect(try status("message=%FF") == 400)
    #expect(try status("message=x&room=a%20b") == 400)
    #expect(try status("message=x&room=" + String(repeating: "a", count: 65)) == 400)
    #expect(try status("message=x&room=elsewhere") == 404)
    #expect(try status("message=x&room=team-1") == 204)
    #expect(try status("message=" + String(repeating: "%41", count: 100)) == 204)
    #expect(try status("message=" + String(repeating: "%41", count: 101)) == 413)
    let json = try server.answer(
      "POST", "/post", ["Content-Type: application/json"], body: Array("{}".utf8))
    #expect(json.status == 415 && json.text.contains("form"))
    #expect(server.counters.published == 2)
  }

  @Test func `a far too long message is answered 413 to a client that is still sending`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let body = Array(("message=" + String(repeating: "x", count: 4 << 20)).utf8)
    let response = try server.answer(
      "POST", "/post", ["Content-Type: application/x-www-form-urlencoded"], body: body)
    #expect(response.status == 413)
  }

  @Test func `the same key publishes once, and answers as the first time`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    for _ in 1...3 { #expect(try server.post("/post", "message=once&key=k-1").status == 204) }
    #expect(try server.post("/post", "message=twice").status == 204)
    #expect(try listener.texts(2).map { $0.suffix(5) } == [" once", "twice"])
    #expect(server.counters.published == 2)
    for key in ["", "a%20b", "%C3%A9", String(repeating: "k", count: 129)] {
      #expect(try server.post("/post", "message=x&key=\(key)").status == 400)
    }
  }

  @Test func `a client id scopes a key, and only a key`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let (one, other) = (String(repeating: "a", count: 16), String(repeating: "_", count: 64))
    for _ in 1...2 {
      for client in ["", "&client=\(one)", "&client=\(other)"] {
        #expect(try server.post("/post", "message=x&key=1\(client)").status == 204)
      }
    }
    #expect(server.counters.published == 3)
    #expect(try server.post("/post", "message=x&client=\(one)").status == 204)
    #expect(try server.post("/post", "message=x&client=\(one)").status == 204)
    #expect(server.counters.published == 5)
    for client in ["", one.dropLast(), other + "a", one + ".", one + "%C3%A9"]
      as [any StringProtocol]
    {
      #expect(try server.post("/post", "message=x&key=2&client=\(client)").status == 400)
    }
  }

  @Test(arguments: [
    ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-site", 403),
    ("Sec-Fetch-Site: same-origin", 204), ("Sec-Fetch-Site: none", 204),
    ("Origin: https://elsewhere.example", 403), ("Origin: null", 403),
    ("Origin: http://test", 204), ("Origin: https://test", 204), ("Origin: http://test:81", 403),
    ("Origin: https://friend.example", 204), ("X-Nothing: y", 204),
  ])
  func `another site's form can't post`(header: String, status: Int) throws {
    let server = try TestServer { $0.origins = ["https://friend.example"] }
    defer { server.stop() }
    #expect(try server.post("/post", "message=x", header).status == status)
    let expected = status == 204 ? 303 : 403
    #expect(try server.post("/login", "user=x", header).status == expected)
  }

  @Test func `a trusted proxy says which host the browser meant`() throws {
    let server = try TestServer { $0.trustedProxies = try! TrustedProxies(["127.0.0.1"]) }
    defer { server.stop() }
    let forwarded = "X-Forwarded-Host: chat.example"
    #expect(
      try server.post("/post", "message=x", forwarded, "Origin: https://chat.example").status
        == 204)
    let untrusting = try TestServer()
    defer { untrusting.stop() }
    #expect(
      try untrusting.post("/post", "message=x", forwarded, "Origin: https://chat.example").status
        == 403)
  }
}
