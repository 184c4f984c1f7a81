import Testing
import TextCoding

@testable import Chat

@Suite struct PagesTests {
  private func makePages() throws -> Pages { try Pages { "/static/\($0)?v=1" } }

  private func makeChat(
    _ language: Language = .english, user: String = "Ann", flash: String? = nil,
    room: String = "chat", since: String? = nil, basePath: String = ""
  ) throws -> String {
    try makePages().chat(
      base: basePath, language: language, user: user, flash: flash, room: room, since: since)
  }

  private func makeLogin(
    _ language: Language = .english, reason: LoginReason? = nil, user: String = "",
    flash: String? = nil, basePath: String = ""
  ) throws -> String {
    try makePages().login(
      base: basePath, language: language, reason: reason, user: user, flash: flash)
  }

  /// Both pages in both languages, with everything on them.
  private func makeAll() throws -> [String] {
    try Language.allCases.flatMap { language in
      [
        try makeChat(language, flash: "welcome", since: "e-1", basePath: "/b"),
        try makeLogin(language, reason: .tooLong, user: "Ann", flash: "bye", basePath: "/b"),
      ]
    }
  }

  @Test func `the chat greets its reader in the reader's language`() throws {
    let chinese = try makeChat(.traditionalChinese, user: "小明")
    #expect(chinese.contains("Hi! 小明 正在聊天中..."))
    #expect(chinese.contains(#"<html lang="zh-Hant">"#))
    let english = try makeChat(.english)
    #expect(english.contains("Hi! Ann is chatting..."))
    #expect(english.contains(#"<html lang="en">"#))
  }

  @Test func `a page begins with its document type`() throws {
    for page in try makeAll() { #expect(page.hasPrefix("<!doctype html>\n")) }
  }

  @Test func `the chat tells its script everything`() throws {
    let page = try makeChat(room: "hall", since: "e-41", basePath: "/b")
    for attribute in [
      #"data-base="/b""#, #"data-user="Ann""#, #"data-room="hall""#, #"data-since="e-41""#,
      #"data-words="{&quot;connecting&quot;:&quot;Connecting…&quot;,"#,
    ] {
      #expect(page.contains(attribute))
    }
    #expect(try makeChat(since: nil).contains(#"data-since="""#))
  }

  @Test func `the login form posts the field user`() throws {
    let page = try makeLogin(basePath: "/b")
    #expect(page.contains(#"<form method="post" action="/b/login""#))
    #expect(page.contains(#"name="user" value="""#))
    #expect(!page.contains("aria-invalid"))
    #expect(!page.contains("role="))
  }

  @Test(arguments: LoginReason.allCases)
  func `the login form says why and keeps the name`(reason: LoginReason) throws {
    for language in Language.allCases {
      let page = try makeLogin(language, reason: reason, user: "x y")
      #expect(page.contains(">\(Words.of(language).reason(reason))</p>"))
      #expect(page.contains(#"value="x y""#))
      #expect(page.contains(#"aria-invalid="true" aria-describedby="reason""#))
    }
  }

  @Test func `a flash is shown where there is one`() throws {
    #expect(try makeChat(flash: "您已經成功登錄!").contains(">您已經成功登錄!</p>"))
    #expect(try makeLogin(flash: "您已經成功登錄!").contains(">您已經成功登錄!</p>"))
    #expect(try !makeChat().contains(#"class="flash""#))
    #expect(try !makeLogin().contains(#"class="flash""#))
  }

  @Test(arguments: [
    "<script>alert(1)</script>", #"" autofocus onfocus="x"#, "' x='", "&lt;", "{{user}}",
    // A mark behind the quote makes another character of it, but not another code point.
    "\"\u{301} onfocus=x", "<\u{301}script>", ">\u{200D}", "&\u{FE0F}amp;", "'\u{338}",
  ])
  func `values are text, not markup`(value: String) throws {
    let pages = [
      try makeChat(user: value, flash: value, room: value, since: value),
      try makeLogin(reason: .missing, user: value, flash: value),
    ]
    let plain = [
      try makeChat(user: "v", flash: "v", room: "v", since: "v"),
      try makeLogin(reason: .missing, user: "v", flash: "v"),
    ]
    let escaped = HTMLText.escape(value)
    for scalar in ["<", ">", "\"", "'"] as [Unicode.Scalar] {
      #expect(!escaped.unicodeScalars.contains(scalar))
      for (page, plain) in zip(pages, plain) {
        #expect(
          page.unicodeScalars.count { $0 == scalar } == plain.unicodeScalars.count { $0 == scalar })
      }
    }
    #expect(pages.allSatisfy { $0.contains(escaped) })
  }

  @Test func `a page holds no script and no style of its own`() throws {
    for page in try makeAll() {
      #expect(page.matches(of: /<script(?![^>]* src=)/).isEmpty)
      #expect(page.matches(of: /<script[^>]*>[^<]/).isEmpty)
      #expect(!page.contains("<style"))
      #expect(page.matches(of: /\s(style|on\w+)=/.ignoresCase()).isEmpty)
      #expect(!page.contains("javascript:"))
    }
  }

  @Test func `a page names no other host, and only paths under its base`() throws {
    for page in try makeAll() {
      #expect(!page.contains("//"))
      let addresses = page.matches(of: /(?:src|href|action)="([^"]*)"/).map { String($0.1) }
      #expect(addresses.count >= 4)
      #expect(addresses.allSatisfy { $0.hasPrefix("/b/") })
    }
  }

  @Test func `the script and the style name no other host`() {
    for asset in Asset.all where asset.name != "favicon.svg" {
      let text = String(decoding: asset.bytes, as: UTF8.self)
      #expect(text.matches(of: /\w+:\/\/|url\(|@import|\beval\b\(|new Function/).isEmpty)
    }
  }

  @Test func `every file is embedded with its type`() {
    #expect(Asset.all.map(\.name) == ["belfry.js", "belfry.css", "favicon.svg"])
    #expect(
      Asset.all.map(\.contentType)
        == ["text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"])
    #expect(Asset.all.allSatisfy { !$0.bytes.isEmpty })
  }
}
