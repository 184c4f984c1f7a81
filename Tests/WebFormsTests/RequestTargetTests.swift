import Testing
import WebForms

@Suite struct RequestTargetTests {
  @Test(arguments: [
    ("/", []), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a/", ["a", ""]), ("//", ["", ""]),
    ("//a", ["", "a"]), ("/?x", []), ("/a?x=/b", ["a"]), ("/%E5%B0%8F%e6%98%8E", ["小明"]),
    ("/a%2Fb/c", ["a/b", "c"]), ("/a%2F..%2Fb", ["a/../b"]), ("/a+b%20c", ["a+b c"]),
    ("/%25", ["%"]), ("/%253F", ["%3F"]), ("/%3Fx", ["?x"]), ("/...", ["..."]), ("/.a", [".a"]),
    ("/a;b=c", ["a;b=c"]), ("/%0a%7f", ["\n\u{7F}"]),
  ])
  func `the path is split and then decoded`(raw: String, segments: [String]) throws {
    #expect(try RequestTarget(raw).segments == segments)
  }

  @Test(arguments: [
    ("", RequestTargetError.notOriginForm), ("*", .notOriginForm), ("a", .notOriginForm),
    ("?a", .notOriginForm), ("http://a/", .notOriginForm), ("/a#b", .notOriginForm),
    ("/a?b#c", .notOriginForm), ("/%", .invalidEscape), ("/%4", .invalidEscape),
    ("/%/a", .invalidEscape), ("/%4/a", .invalidEscape), ("/%zz", .invalidEscape),
    ("/%+1", .invalidEscape), ("/%%31", .invalidEscape), ("/%4?1", .invalidEscape),
    ("/%00", .nullByte), ("/a%00b", .nullByte), ("/%FF", .invalidUTF8),
    ("/%C0%AE", .invalidUTF8), ("/%E5%B0/%8F", .invalidUTF8), ("/%ED%A0%80", .invalidUTF8),
    ("/.", .dotSegment), ("/..", .dotSegment), ("/a/../b", .dotSegment), ("/a/.", .dotSegment),
    ("/%2e", .dotSegment), ("/%2E./a", .dotSegment), ("/./?a", .dotSegment),
    ("/?a=%FF", .query(.invalidUTF8)),
    ("/?" + String(repeating: "a&", count: 101), .query(.tooManyFields)),
  ])
  func `a target that names nothing is refused`(raw: String, error: RequestTargetError) {
    #expect(throws: error) { try RequestTarget(raw) }
  }

  @Test func `the query is read like a form`() throws {
    let query = try RequestTarget("/stream?channel=a&channel=b+c&x=%E5%B0%8F&y").query
    #expect(query.all("channel") == ["a", "b c"])
    #expect(query.first("x") == "小")
    #expect(query.first("y") == "")
    #expect(try RequestTarget("/?").query.all.isEmpty)
    #expect(try RequestTarget("/").query.all.isEmpty)
    #expect(try RequestTarget("/?a=b?c").query.first("a") == "b?c")
  }

  @Test(arguments: [
    ("/", "/", []), ("/a", "/", ["a"]), ("/a/", "/", ["a", ""]), ("/chat", "/chat", []),
    ("/chat/", "/chat", []), ("/chat", "/chat/", []), ("/chat/", "/chat/", []),
    ("/chat/a", "/chat", ["a"]), ("/chat/a/", "/chat/", ["a", ""]), ("/a/b/c", "/a/b", ["c"]),
    ("/chat//", "/chat", ["", ""]), ("/%63hat/a", "/chat", ["a"]), ("/a", "", ["a"]),
    ("/%E5%B0%8F/a", "/小", ["a"]),
  ])
  func `segments are given below a base`(raw: String, base: String, segments: [String]) throws {
    #expect(try RequestTarget(raw).relative(to: base) == segments)
  }

  @Test(arguments: [
    ("/", "/chat"), ("/chats", "/chat"), ("/chatx/a", "/chat"), ("/CHAT", "/chat"),
    ("/a", "/a/b"), ("/a%2Fb", "/a/b"), ("//chat", "/chat"), ("/%C3%A9", "/e\u{301}"),
  ])
  func `a path beside the base is not under it`(raw: String, base: String) throws {
    #expect(try RequestTarget(raw).relative(to: base) == nil)
  }
}
