import BelfryServer
import Limits
import Reactor
import RedisBackplane
import TestSupport
import Testing

@Suite struct ReadinessTests {
  @Test func `a server is ready until as many listen as may, and again when one has left`() throws {
    let server = try TestServer {
      $0.admission.listeners = 1
      $0.adminListen = [.tcp(host: "127.0.0.1", port: 0)]
    }
    defer { server.stop() }
    let ready = #"{"ready":true,"failed":[]}"# + "\n"
    let full = #"{"ready":false,"failed":["listeners"]}"# + "\n"
    let listener = try server.listen()
    for response in [try server.get("/readyz"), try server.admin("/readyz")] {
      #expect(response.status == 503 && response.text == full)
      #expect(response["Content-Type"] == "application/json")
      #expect(response["Cache-Control"] == "no-store")
    }
    #expect(try server.get("/healthz").status == 200)
    listener.close()
    #expect(try eventually { try server.admin("/readyz").status == 200 })
    #expect(try server.get("/readyz").text == ready)
    #expect(try server.post("/readyz", "").status == 405)
  }

  @Test func `it is not while Redis is away, though it is alive`() throws {
    let nobody = try ReservedPort()
    defer { withExtendedLifetime(nobody) {} }
    let server = try TestServer {
      $0.redisAddress = RedisAddress("redis://127.0.0.1:\(nobody.number)")
      $0.adminListen = [.tcp(host: "127.0.0.1", port: 0)]
    }
    defer { server.stop() }
    #expect(try server.admin("/readyz").text.contains(#"["backplane"]"#))
    #expect(try server.admin("/healthz").status == 200)
    #expect(
      try server.admin("/metrics").text.contains("belfry_backplane_up{backplane=\"redis\"} 0\n"))
  }

  @Test func `while it drains operators are still answered, and told so`() throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let server = try TestServer {
      $0.drainTime = .seconds(60)
      $0.http.requestTime = .seconds(60)
      $0.adminListen = [.tcp(host: "127.0.0.1", port: reserved.number)]
    }
    // A request that is still on its way keeps the server from ending.
    let unfinished = try server.client()
    try unfinished.send("POST /post HTTP/1.1\r\nHost: a\r\n")
    #expect(eventually { server.admission.connections.open == 1 })
    let listener = try server.listen()
    let kept = try server.adminClient()
    server.beginStop()
    #expect(try listener.next() == nil)
    for client in [kept, try server.adminClient(), try server.adminClient()] {
      try client.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
      let response = try client.response()
      #expect(response.status == 503 && response.text.contains(#"["draining"]"#))
    }
    #expect(throws: Client.Failure.self) { try server.client() }
    let page = try server.admin("/metrics").text
    #expect(page.contains("belfry_ready 0\n"))
    #expect(page.contains("belfry_streams_closed_total{reason=\"drain\"} 1\n"))
    server.stop()
    #expect(throws: Client.Failure.self) { try Client(port: reserved.number) }
  }
}
