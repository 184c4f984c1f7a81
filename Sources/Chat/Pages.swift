internal import TextCoding

/// The two pages, as HTML.
///
/// Every value is escaped. A page holds no script and no style of its own, only references to
/// files, so that it works under a strict Content-Security-Policy.
package struct Pages: Sendable {
  private let loginTemplate: Template
  private let chatTemplate: Template
  /// The path of each file that the pages name, below the base, by its place in the templates.
  private let files: [String: String]
  /// For each language, the words of the script as JSON.
  private let scriptWords: [Language: String]

  /// Reads the templates.
  ///
  /// - Parameter assetPath: the path of a file, from its name, below the path that all stand under;
  ///   asked for each of `Asset.all` and for `vue.js`, the runtime-only build of Vue 2.
  /// - Throws: `TemplateError` when a template can't be read, which the tests exclude.
  package init(assetPath: (String) -> String) throws {
    loginTemplate = try Template(String(decoding: PackageResources.login_html, as: UTF8.self))
    chatTemplate = try Template(String(decoding: PackageResources.chat_html, as: UTF8.self))
    files = [
      "script": assetPath("belfry.js"), "style": assetPath("belfry.css"),
      "icon": assetPath("favicon.svg"), "vue": assetPath("vue.js"),
    ]
    var scriptWords: [Language: String] = [:]
    for language in Language.allCases {
      scriptWords[language] = Words.of(language).script.json
    }
    self.scriptWords = scriptWords
  }

  /// The form that asks for a name.
  ///
  /// - Parameters:
  ///   - base: the path that all paths stand under: empty, or with a slash before and none behind,
  ///     such as `/chat`.
  ///   - reason: why the name that was sent is not taken; `nil` at the first visit.
  ///   - user: the name that was sent, which the form shows again; may be empty.
  ///   - flash: a text to show once.
  package func login(
    base: String, language: Language, reason: LoginReason?, user: String, flash: String?
  ) -> String {
    let words = Words.of(language)
    return loginTemplate.render(
      site(base: base, language).merging([
        "loginTitle": words.loginTitle, "loginInvitation": words.loginInvitation,
        "name": words.name, "join": words.join, "reason": reason.map(words.reason), "user": user,
        "flash": flash,
      ]) { $1 })
  }

  /// The chat.
  ///
  /// - Parameters:
  ///   - base: as for the form.
  ///   - user: the name of who is signed in.
  ///   - flash: a text to show once.
  ///   - room: the room that the page listens to and posts to.
  ///   - since: the id after which the page wants its first lines: the one just before the oldest
  ///     line that is kept. With `nil` it gets only what comes from now on.
  package func chat(
    base: String, language: Language, user: String, flash: String?, room: String, since: String?
  ) -> String {
    let words = Words.of(language)
    return chatTemplate.render(
      site(base: base, language).merging([
        "greetingBeforeName": words.greetingBeforeName,
        "greetingAfterName": words.greetingAfterName, "logout": words.logout,
        "needsScript": words.needsScript, "scriptWords": scriptWords[language], "user": user,
        "flash": flash, "room": room, "since": since ?? "",
      ]) { $1 })
  }

  /// The values that both pages have: their language and the addresses that they name.
  private func site(base: String, _ language: Language) -> [String: String?] {
    files.mapValues { base + $0 }.merging(["base": base, "tag": language.tag]) { $1 }
  }
}

extension Words.Script {
  /// The words as a JSON object whose names are the properties'.
  var json: String {
    var json = JSONWriter()
    json.object { json in
      for child in Mirror(reflecting: self).children {
        if let name = child.label, let value = child.value as? String { json.member(name, value) }
      }
    }
    return json.text
  }
}
