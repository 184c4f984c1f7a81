import BelfryServer
import Reactor
import RedisBackplane
import TestSupport
import Testing

@Suite struct RoutingTests {
  @Test func `a server that can't be made lets go of its Redis`() throws {
    for address in ["redis://127.0.0.1:1/3", "redis://localhost:1", "unix:/nonexistent"] {
      #expect(throws: SettingsError.self) {
        try TestServer {
          $0.redisAddress = RedisAddress(address)
          $0.rooms = RoomRules([RoomPattern("team-*")!])
        }
      }
      let server = try TestServer { $0.redisAddress = RedisAddress(address) }
      #expect(try server.get("/healthz").text.contains("\"up\":false"))
      server.stop()
    }
  }

  @Test func `its health says which backplane it has`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.get("/healthz")
    #expect(response.status == 200 && response["Content-Type"] == "application/json")
    #expect(response.text == #"{"status":"ok","backplane":"local","up":true}"# + "\n")
    #expect(response["Cache-Control"] == "no-store")
    #expect(try server.post("/healthz", "").status == 405)
  }

  @Test func `files are served with a tag, cached, and not sent again`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let page = try server.get("/Ann").text
    for name in ["belfry.js", "belfry.css", "favicon.svg", "vue.js"] {
      let plain = try server.get("/static/\(name)")
      let tag = try #require(plain["ETag"])
      #expect(plain.status == 200 && plain["Cache-Control"] == "public, no-cache")
      let again = try server.get("/static/\(name)", "If-None-Match: \"x\", W/\(tag)")
      #expect(again.status == 304 && again.body.isEmpty && again["ETag"] == tag)
      let versioned = try #require(page.firstMatch(of: try Regex("/static/\(name)\\?v=[0-9a-f]+")))
      let cached = try server.get(String(page[versioned.range]))
      #expect(cached["Cache-Control"]?.contains("immutable") == true)
      #expect(cached.body == plain.body)
      let head = try server.answer("HEAD", "/static/\(name)")
      #expect(head["Content-Length"] == "\(plain.body.count)" && head.body.isEmpty)
    }
    #expect(try server.get("/static/other").status == 404)
    #expect(try server.get("/static/..%2Fsecret").status == 404)
  }

  @Test(arguments: [
    ("DELETE", "/login", "GET, HEAD, POST"), ("POST", "/logout", "GET, HEAD"),
    ("GET", "/post", "POST"), ("POST", "/stream", "GET, HEAD"), ("PUT", "/", "GET, HEAD"),
    ("OPTIONS", "/Ann", "GET, HEAD"), ("TRACE", "/static/vue.js", "GET, HEAD"),
    ("PATCH", "/login", "GET, HEAD, POST"),
  ])
  func `a path that takes other methods says which`(method: String, target: String, allow: String)
    throws
  {
    let server = try TestServer()
    defer { server.stop() }
    let response = try server.answer(method, target)
    #expect(response.status == 405 && response["Allow"] == allow)
    #expect(response["Content-Type"] == "text/plain; charset=utf-8")
  }

  @Test func `everything stands under the base path`() throws {
    let server = try TestServer { $0.basePath = "/a/chat" }
    defer { server.stop() }
    #expect(try server.get("/a/chat/")["Location"] == "/a/chat/login")
    #expect(try server.get("/a/chat/login").status == 200)
    #expect(try server.get("/login").status == 404)
    #expect(try server.get("/a/chatter/login").status == 404)
    #expect(try server.post("/a/chat/login", "user=Ann")["Location"] == "/a/chat/")
    let page = try server.get("/a/chat/Ann").text
    #expect(page.contains("\"/a/chat/static/belfry.js"))
    #expect(!page.contains("\"/static"))
    #expect(try server.listen("/a/chat/stream").response.status == 200)
  }

  @Test func `pages carry a policy that lets only our own scripts run`() throws {
    let server = try TestServer()
    defer { server.stop() }
    for target in ["/login", "/Ann"] {
      let policy = try #require(try server.get(target)["Content-Security-Policy"])
      #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"))
      #expect(!policy.contains("unsafe") && !policy.contains("http"))
    }
  }
}
