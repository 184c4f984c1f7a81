import Hub
import Reactor
import Testing

@testable import BelfryServer

/// What the sources of options say together.
@Suite struct GivenOptionsTests {
  private func settings(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> ServerSettings {
    try GivenOptions(arguments, environment: environment).settings()
  }

  private func mistakes(
    _ arguments: String..., environment: [String: String] = [:]
  ) -> [String] {
    do throws(OptionMistakes) {
      _ = try GivenOptions(arguments, environment: environment).settings()
      return []
    } catch {
      return error.all.map(\.description)
    }
  }

  @Test func `the command line wins over the environment, and that over the file`() throws {
    let file = try TemporaryFile(
      "retry = 1s\nheartbeat = 1s\nlistener-lag = 1s\norigin = http://c\n")
    let given = GivenOptions(
      ["--retry", "3s", "--config=\(file.path)", "--origin", "http://a", "--origin=http://a2"],
      environment: [
        "BELFRY_RETRY": "2s", "BELFRY_HEARTBEAT": "2s", "BELFRY_ORIGIN": "http://b",
        "BELFRY_CONFIG": "/nonexistent",
      ])
    let settings = try given.settings()
    #expect(settings.hub.retry == .seconds(3) && settings.hub.heartbeat == .seconds(2))
    #expect(settings.hub.listenerLag == .seconds(1) && settings.configFile == file.path)
    #expect(settings.origins == ["http://a", "http://a2"])
    let sources = OptionTable.rows.map { given.source(of: $0) }.filter { $0 != .byDefault }
    #expect(
      Set(sources.map(\.description)) == [
        "--config", "--retry", "--origin", "BELFRY_HEARTBEAT", "\(file.path):3",
      ])
  }

  @Test func `blanks around items are trimmed`() throws {
    let file = try TemporaryFile("trusted-proxy = unix , 10.0.0.0/8\t,\nrooms = chat, team-*\n")
    let settings = try settings(
      "--config", file.path, environment: ["BELFRY_LISTEN": " unix:/a, 127.0.0.1:7 \n"])
    #expect(settings.listen == [.unix(path: "/a"), .tcp(host: "127.0.0.1", port: 7)])
    #expect(settings.trustedProxies.entries == ["unix", "10.0.0.0/8"])
    #expect(settings.rooms.description == "chat,team-*")
  }

  @Test func `a byte order mark and line ends behind a value are harmless`() throws {
    let file = try TemporaryFile("\u{FEFF}retry = 7s\r\n")
    #expect(try settings("--config", file.path).hub.retry == .seconds(7))
    for end in ["\n", "\r\n", "\n\n"] {
      #expect(try settings(environment: ["BELFRY_RETRY": "7s\(end)"]).hub.retry == .seconds(7))
      #expect(try settings("--retry", "7s\(end)").hub.retry == .seconds(7))
    }
    #expect(mistakes(environment: ["BELFRY_RETRY": "7\ns"]).count == 1)
  }

  @Test func `an empty variable leaves the file's value, and an empty secret is none`() throws {
    let file = try TemporaryFile("origin = http://a\n")
    let settings = try settings(
      "--config", file.path, environment: ["BELFRY_ORIGIN": "", "BELFRY_SECRET": ""])
    #expect(settings.origins == ["http://a"] && settings.sessionKeys == nil)
  }

  @Test func `an origin may have its scheme's own port`() throws {
    let settings = try settings(
      "--origin", "https://A.example:443", "--origin", "http://a.example:80", "--origin",
      "https://a.example:80", "--origin=https://[::1]:443")
    #expect(
      settings.origins == [
        "https://a.example", "http://a.example", "https://a.example:80", "https://[::1]",
      ])
  }

  @Test(arguments: [
    ("https://a.example:00443", "https://a.example"), ("http://a:00080", "http://a"),
    ("https://a:065535", "https://a:65535"), ("HTTP://A.Example.:81", "http://a.example.:81"),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ("http://my_host", "http://my_host"), ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
    ("https://[0:0:0::1]:443", "https://[::1]"), ("https://[FE80::A]:1", "https://[fe80::a]:1"),
    ("http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]"),
    ("http://[::ffff:0:1]", "http://[::ffff:0:1]"), ("http://[::1.2.3.4]", "http://[::102:304]"),
  ])
  func `an origin is kept as browsers send it`(written: String, sent: String) throws {
    #expect(try settings("--origin", written).origins == [sent])
  }

  @Test(arguments: [
    "https://a.example:99999", "https://a.example:65536", "https://a.example:0",
    "https://a.example:80443x", "https://a.example:+80", "https://a.example:-1", "https://:443",
    "https://", "https://*", "https://*.example.org", "*", "null", "NULL", "https://a b", "a",
    "localhost:3000", "10.0.0.1:8080", "https://a..b", "https://.a", "https://a%20b",
    "https://bücher.example", "https://1.2.3", "https://1.2.3.04", "https://1.2.3.4.", "https://1",
    "https://a.0x1", "https://[::1", "https://::1", "https://[1.2.3.4]", "https://[::1]x",
    "https://[::g]", "https://a[::1]", "ftp://a.example", "wss://a.example", "file://",
    "https://a!b", "https://\(String(repeating: "a", count: 64)).b",
  ])
  func `what no browser sends is no origin, and there is no guess at another one`(text: String) {
    #expect(
      mistakes("--origin", text) == [
        "origin = \(text) (--origin): write an origin such as https://example.org or http://example.org:8080; * and null are not supported"
      ])
  }

  @Test func `all mistakes are told at once, each source's in its own order`() throws {
    let file = try TemporaryFile("retri = 3s\nheartbeat = 15\nretry\nlisten =\nlisten = x\n")
    #expect(
      mistakes(
        "--config", file.path, "x", "--max-rooms", "0", "--max-roms", "1", "--history-age=5",
        environment: ["BELFRY_RETRY": "soon", "BELFRY_SECRET": "short"])
        == [
          "x: unexpected argument; see belfry serve --help",
          "max-rooms = 0 (--max-rooms): write 1 or more",
          "--max-roms: unknown option; did you mean --max-rooms?",
          "history-age = 5 (--history-age): write 5s",
          "retry = soon (BELFRY_RETRY): write a duration such as 500ms, 15s, 1.5m, 1h or 31d, at most 36500d",
          "BELFRY_SECRET: write a key of at least 32 bytes in line 1: it has 5",
          "retri (\(file.path):1): unknown option; did you mean retry?",
          "heartbeat = 15 (\(file.path):2): write 15s", "\(file.path):3: write option = value",
          "listen = (\(file.path):4): write HOST:PORT, [IPV6]:PORT or unix:PATH",
          "listen (\(file.path):5): leave it out: it is set above already",
        ])
  }

  @Test func `a line that ends in CR alone is told, also behind a comment`() throws {
    for text in ["retry = 1s\rheartbeat = 2s\r", "# Both.\rretry = 1s\r", "retry = 1s\r"] {
      let file = try TemporaryFile(text)
      #expect(
        mistakes("--config", file.path) == [
          "\(file.path):1: end each line with LF or CR LF, not with CR"
        ])
    }
    // Other programs' line ends are no line's end here.
    let file = try TemporaryFile("# A\u{2028}retry = x\u{85}retry = x\u{0B}retry = x\nretry = 7s\n")
    #expect(try settings("--config", file.path).hub.retry == .seconds(7))
  }

  @Test(arguments: [
    ("listen", "5000", "write 127.0.0.1:5000"), ("listen", "/run/x", "write unix:/run/x"),
    ("listen", "127.0.0.1:1, nowhere", "write HOST:PORT, [IPV6]:PORT or unix:PATH"),
    ("base-path", "chat", "write /chat"), ("base-path", "\"/chat/\"", "write /chat/"),
    (
      "base-path", "/a b c",
      "write a path such as /chat, of letters, digits and - . _ ~ between slashes"
    ), ("origin", "example.org", "write https://example.org"),
    ("origin", "http://a:81/path", "write http://a:81"),
    ("origin", "https://a.example:", "write https://a.example"),
    ("origin", "https://a.example:00443/", "write https://a.example"),
    ("origin", "https://u:p@a:81", "write https://a:81"),
    ("origin", "//Example.org/x?y#z", "write https://example.org"),
    ("origin", "https://a https://b", "write https://a,https://b"),
    ("rooms", "a b", "write a,b"),
    ("rooms", "team-*", "write a default room too: chat, or a name without * and ?"),
    ("trusted-proxy", "nginx", "write an address, a network such as 10.0.0.0/8, or unix"),
    ("post-rate", "20/10s # slow", "write 20/10s"), ("retry", "\"7s\"", "write 7s"),
    ("retry", "7 S", "write 7s"), ("post-rate", "20 / m", "write 20/m"),
    ("max-head", "16 kb", "write 16KiB"),
    (
      "retry", "1 5s", "write a duration such as 500ms, 15s, 1.5m, 1h or 31d, at most 36500d"
    ), ("max-head", "16 Kbit", "write a size such as 512, 64KiB, 1.5MiB or 2GiB"),
    ("reuse-port", "yes", "write true"),
    ("log-level", "warnign", "write warning"), ("log-level", "INFO", "write info"),
    ("access-log-format", "xml", "write combined or json"),
    ("history-count", "many", "write a whole number, 0 or more"),
    ("max-head", "16K", "write 16KiB"),
  ])
  func `the remedy is what was meant, where that can be told`(
    name: String, text: String, remedy: String
  ) throws {
    let variable = "BELFRY_" + name.uppercased().map { $0 == "-" ? "_" : $0 }
    let item = text.split(separator: ", ").last.map(String.init) ?? text
    let shown = name == "listen" ? item : text
    #expect(
      mistakes(environment: [variable: text]) == ["\(name) = \(shown) (\(variable)): \(remedy)"])
  }

  @Test func `a secret is not repeated`() throws {
    let file = try TemporaryFile("redis = rediss://:horse@h\nredis://:horse@h = redis\n")
    for told in [
      mistakes("--redis", "rediss://:horse@h"),
      mistakes(environment: ["BELFRY_REDIS": "redis://:horse"]),
      mistakes(environment: ["BELFRY_REDIS": "'redis://:horse@h' # Ours."]),
      mistakes("--config", file.path),
    ] {
      #expect(told.allSatisfy { !$0.contains("horse") }, "\(told)")
      #expect(
        told.contains { $0.hasPrefix("redis (") && $0.contains("): write redis://[[USER]:") },
        "\(told)")
    }
  }

  @Test func `an address that is given twice is told where it is given again`() throws {
    #expect(
      mistakes("--listen", "127.0.0.1:5", "--admin-listen", "127.0.0.1:5") == [
        "admin-listen = 127.0.0.1:5 (--admin-listen): write each address once: it is given more than once"
      ])
    #expect(mistakes("--listen", "unix:/a", "--listen", "unix:/a").count == 1)
    #expect(mistakes("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0").isEmpty)
  }

  @Test func `a file that can't be read is told with its source`() {
    for name in ["config", "secret-file", "vue-path"] {
      let told = mistakes("--\(name)", "/nonexistent")
      #expect(told.count == 1)
      #expect(
        told[0].hasPrefix("\(name) = /nonexistent (--\(name)): reading /nonexistent: No such file"),
        "\(told)")
    }
  }

  @Test func `arguments that are no options are told, and what stands behind -- is none`() {
    let check = GivenOptions(["x", "-y"], environment: [:], of: "check")
    #expect(throws: OptionMistakes.self) { try check.settings() }
    do throws(OptionMistakes) { _ = try check.settings() } catch {
      #expect(
        error.all.map(\.description) == [
          "x: unexpected argument; see belfry check --help",
          "-y: unknown option; see belfry check --help",
        ])
    }
    #expect(mistakes("x") == ["x: unexpected argument; see belfry serve --help"])
    #expect(mistakes("--", "--retry") == ["--retry: unexpected argument; see belfry serve --help"])
    #expect(mistakes("--").isEmpty)
    #expect(mistakes("-x") == ["-x: unknown option; see belfry serve --help"])
    #expect(
      mistakes("--no-reuse-port") == ["--no-reuse-port: unknown option; did you mean --reuse-port?"]
    )
    #expect(
      mistakes("--reuse-port=true") == [
        "--reuse-port=true: write --reuse-port without a value, or leave it out"
      ])
    #expect(mistakes("--listen", "127.0.0.1:0", "unix:/x").count == 1)
  }

  @Test func `a value may be a dash or a negative number, and no other option`() throws {
    #expect(try settings("--access-log", "-").accessLogPath == "-")
    #expect(
      mistakes("--history-count", "-1") == ["history-count = -1 (--history-count): write 0 or more"]
    )
    #expect(
      mistakes("--retry", "--reuse-port") == ["--retry: write a value behind it: --retry DURATION"])
  }

  @Test func `with Redis only the room chat is the public's, unless told otherwise`() throws {
    #expect(try settings().rooms.description == "*")
    #expect(try settings("--redis", "redis://h").rooms.description == "chat")
    #expect(try settings("--redis", "redis://h", "--rooms", "*").rooms.description == "*")
  }

  @Test func `help is asked for as an option, and not as a value`() {
    #expect(CommandLineOptions(["--retry", "soon", "--help"]).asksHelp)
    #expect(CommandLineOptions(["-h"]).asksHelp && CommandLineOptions(["--version"]).asksVersion)
    #expect(!CommandLineOptions(["--", "--help"]).asksHelp)
  }
}
