import Reactor
import Testing

@Suite struct RedisAddressTests {
  @Test(arguments: [
    ("redis://localhost", RedisAddress(.tcp(host: "localhost", port: 6379))),
    ("redis://localhost/", RedisAddress(.tcp(host: "localhost", port: 6379))),
    ("redis://127.0.0.1:7000/3", RedisAddress(.tcp(host: "127.0.0.1", port: 7000), database: 3)),
    ("redis://[::1]:7000", RedisAddress(.tcp(host: "::1", port: 7000))),
    ("redis://[::1]", RedisAddress(.tcp(host: "::1", port: 6379))),
    (
      "redis://:secret@host/1",
      RedisAddress(.tcp(host: "host", port: 6379), password: "secret", database: 1)
    ),
    (
      "redis://Ann:a%40b%2Fc:d@host:1",
      RedisAddress(.tcp(host: "host", port: 1), user: "Ann", password: "a@b/c:d")
    ),
    ("unix:/run/redis.sock", RedisAddress(.unix(path: "/run/redis.sock"))),
    ("unix:/run/redis.sock?db=7", RedisAddress(.unix(path: "/run/redis.sock"), database: 7)),
    (
      "unix://Ann:pw@/run/redis%20x.sock?db=7",
      RedisAddress(.unix(path: "/run/redis x.sock"), user: "Ann", password: "pw", database: 7)
    ),
  ])
  func `an address is read`(text: String, address: RedisAddress) {
    #expect(RedisAddress(text) == address)
  }

  @Test(arguments: [
    "", "localhost", "localhost:6379", "http://localhost", "rediss://localhost", "redis://",
    "redis://:6379", "redis://host:0", "redis://host:x", "redis://host:70000", "redis://host/x",
    "redis://host/-1", "redis://host/1/2", "redis://user@host", "redis://user:@host",
    "redis://:%zz@host", "redis://:%ff@host", "redis://::1", "redis://*:6379",
    "redis://host?password=x", "redis://host#x", "redis://ho st", "unix:",
    "unix:relative", "unix:/a?db=x", "unix:/a?database=3",
    "unix:/" + String(repeating: "a", count: 108),
  ])
  func `what is no address is refused`(text: String) {
    #expect(RedisAddress(text) == nil)
  }

  @Test func `no description shows the password`() {
    for text in ["redis://Ann:secret@host:7000/3", "unix://:secret@/run/redis.sock?db=3"] {
      let address = RedisAddress(text)!
      var dumped = ""
      dump(address, to: &dumped)
      for shown in ["\(address)", String(reflecting: address), "\([address])", dumped] {
        #expect(!shown.contains("secret") && !shown.contains("Ann"))
      }
    }
    #expect(RedisAddress("redis://:x@[::1]/3")!.description == "redis://[::1]:6379/3")
  }
}
