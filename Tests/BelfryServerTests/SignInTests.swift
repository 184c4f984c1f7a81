import BelfryServer
import Chat
import TestSupport
import Testing

@Suite struct SignInTests {
  @Test func `the form signs in, and its flash is shown once`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let form = try server.get("/login")
    #expect(form.status == 200 && form.text.contains("name=\"user\""))
    let signedIn = try server.post("/login", "user=%E5%B0%8F%E6%98%8E")
    #expect(signedIn.status == 303 && signedIn["Location"] == "/")
    let cookie = try #require(signedIn.cookie)
    let first = try server.get("/", "Cookie: \(cookie)")
    #expect(first.status == 200)
    #expect(first.text.contains("您已經成功登錄!"))
    #expect(first.text.contains("Hi! 小明 正在聊天中..."))
    let second = try server.get("/", "Cookie: \(try #require(first.cookie))")
    #expect(second.text.contains("Hi! 小明 正在聊天中..."))
    #expect(!second.text.contains("您已經成功登錄!"))
    #expect(second.cookie == nil)
  }

  @Test(arguments: [
    "", "user=", "user=%20%09", "name=Ann",
    "user=" + String(repeating: "a", count: 65),
    "user=" + String(repeating: "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9", count: 24),
    "user=a%00b", "user=a%0Ab", "user=a%7Fb", "user=a%E2%80%AEb", "user=%C2%85x",
  ])
  func `a bad name gets the form again, with the reason`(form: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.post("/login", form)
    #expect(response.status == 400 && response.cookie == nil)
    #expect(response.text.contains("name=\"user\"") && response.text.contains("role=\"alert\""))
  }

  @Test func `a name of 64 characters is one`() throws {
    let server = try TestServer()
    defer { server.stop() }
    #expect(try server.post("/login", "user=" + String(repeating: "a", count: 64)).status == 303)
  }

  @Test func `who is not signed in is sent to the form`() throws {
    let server = try TestServer()
    defer { server.stop() }
    for cookie in ["", "Cookie: belfry_session=forged.forged", "Cookie: belfry_session="] {
      let response = try server.get("/", cookie.isEmpty ? "X: y" : cookie)
      #expect(response.status == 302 && response["Location"] == "/login")
    }
  }

  @Test(arguments: ["/Ann", "/?user=Ann", "/%41nn"])
  func `a name in the address signs in`(target: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.get(target)
    #expect(response.status == 200 && response["Cache-Control"] == "no-store")
    #expect(response.text.contains("Ann已經成功登錄,加入聊天室!"))
    let page = try server.get("/", "Cookie: \(try #require(response.cookie))")
    #expect(page.text.contains("Hi! Ann 正在聊天中..."))
    #expect(!page.text.contains("已經成功登錄"))
  }

  @Test(arguments: [
    "/favicon.ico", "/robots.txt", "/.well-known/x", "/.well-known", "/healthz", "/readyz",
    "/metrics", "/status", "/admin", "/api", "/static", "/static/", "/Ann/", "/a/b",
  ])
  func `the server's own paths are no names`(target: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.get(target)
    // Those of them that there are say how the server is.
    let status = ["/healthz", "/readyz"].contains(target) ? 200 : 404
    #expect(response.status == status && response.cookie == nil)
  }

  @Test(arguments: [
    "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: image", "Sec-Fetch-Dest: iframe",
    "Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Purpose: preview", "X-Moz: prefetch",
    "Origin: https://elsewhere.example",
  ])
  func `no page but the visitor's own request signs anyone in`(header: String) throws {
    let server = try TestServer()
    defer { server.stop() }
    for target in ["/Ann", "/?user=Ann"] {
      let response = try server.get(target, header)
      #expect(response.cookie == nil && response["Cache-Control"] == "no-store")
    }
    let own = try server.get("/Ann", "Sec-Fetch-Site: none", "Sec-Fetch-Dest: document")
    #expect(own.cookie != nil)
  }

  @Test func `HEAD signs nobody in and has the same head`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let head = try server.answer("HEAD", "/Ann")
    let get = try server.get("/Ann")
    #expect(head.cookie == nil && get.cookie != nil)
    for name in ["Content-Type", "Content-Length", "Cache-Control"] {
      #expect(head[name] == get[name])
    }
  }

  @Test func `a bad name in the address is 400`() throws {
    let server = try TestServer()
    defer { server.stop() }
    #expect(try server.get("/" + String(repeating: "a", count: 65)).status == 400)
    #expect(try server.get("/%E2%80%AE").status == 400)
    #expect(try server.get("/?user=").status == 400)
    #expect(try server.get("/%FF").status == 400)
    #expect(try server.get("/a%00").status == 400)
  }

  @Test func `signing out forgets the name`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.get("/logout", try server.signIn("Ann"))
    #expect(response.status == 302 && response["Location"] == "/login")
    let other = try server.get("/logout", try server.signIn("Ann"), "Sec-Fetch-Site: cross-site")
    #expect(other.status == 302 && other.cookie == nil)
    #expect(response["Set-Cookie"]?.contains("belfry_session=; Path=/; Max-Age=0") == true)
  }

  @Test func `the cookie has its attributes, and Secure only where a trusted proxy says https`()
    throws
  {
    let plain = try TestServer { $0.basePath = "/chat" }
    defer { plain.stop() }
    let field = try #require(
      try plain.post("/chat/login", "user=Ann", "X-Forwarded-Proto: https")["Set-Cookie"])
    #expect(field.contains("; Path=/chat;") && field.contains("; HttpOnly"))
    #expect(field.contains("; SameSite=Lax") && !field.contains("Secure"))
    let proxied = try TestServer { $0.trustedProxies = try! TrustedProxies(["127.0.0.0/8"]) }
    defer { proxied.stop() }
    let secure = try proxied.post("/login", "user=Ann", "X-Forwarded-Proto: https")
    #expect(secure["Set-Cookie"]?.hasSuffix("; Secure") == true)
  }

  @Test func `a key can be rotated, and a foreign one is worth nothing`() throws {
    let keys = (0..<3).map { String(repeating: "\($0)", count: 32) }
    func keyed(_ secret: String) throws -> TestServer {
      let keys = try SessionKeys(secretFile: secret)
      return try TestServer { $0.sessionKeys = keys }
    }
    let old = try keyed(keys[0])
    defer { old.stop() }
    let cookie = try old.signIn("Ann")
    let rotated = try keyed("\(keys[1])\n\(keys[0])\n")
    defer { rotated.stop() }
    #expect(try rotated.get("/", cookie).status == 200)
    let foreign = try keyed(keys[2])
    defer { foreign.stop() }
    #expect(try foreign.get("/", cookie).status == 302)
  }
}
