import Mustache

/// The two pages, as HTML.
///
/// Every value is escaped. A page holds no script and no style of its own, only references to
/// files, so that it works under a strict Content-Security-Policy.
package struct Pages: Sendable {
  private let loginTemplate: MustacheTemplate
  private let chatTemplate: MustacheTemplate
  private let files: Files
  /// For each language, the words of the script as JSON.
  private let scriptWords: [Language: String]

  /// Reads the templates.
  ///
  /// - Parameter assetPath: the path of a file, from its name, below the path that all stand under;
  ///   asked for each of `Asset.all` and for `vue.js`, the runtime-only build of Vue 2.
  /// - Throws: the template's error when a template can't be read, which the tests exclude.
  package init(assetPath: (String) -> String) throws {
    MustacheContentTypes.register(HTMLText(), named: HTMLText.name)
    loginTemplate = try MustacheTemplate(
      string: String(decoding: PackageResources.login_mustache, as: UTF8.self))
    chatTemplate = try MustacheTemplate(
      string: String(decoding: PackageResources.chat_mustache, as: UTF8.self))
    files = Files(
      script: assetPath("belfry.js"), style: assetPath("belfry.css"),
      icon: assetPath("favicon.svg"), vue: assetPath("vue.js"))
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
      LoginPage(
        site: Site(base: base, files: files), tag: language.tag, words: words,
        reason: reason.map(words.reason), user: user, flash: flash))
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
    chatTemplate.render(
      ChatPage(
        site: Site(base: base, files: files), tag: language.tag, words: Words.of(language),
        scriptWords: scriptWords[language] ?? "{}", user: user, flash: flash, room: room,
        since: since ?? ""))
  }
}

/// The paths of the files that pages name, below the base.
private struct Files {
  let script: String
  let style: String
  let icon: String
  let vue: String
}

/// The addresses that both pages name.
private struct Site {
  let base: String
  let script: String
  let style: String
  let icon: String
  let vue: String

  init(base: String, files: Files) {
    self.base = base
    script = base + files.script
    style = base + files.style
    icon = base + files.icon
    vue = base + files.vue
  }
}

/// The values of `login.mustache`.
private struct LoginPage {
  let site: Site
  let tag: String
  let words: Words
  let reason: String?
  let user: String
  let flash: String?
}

/// The values of `chat.mustache`.
private struct ChatPage {
  let site: Site
  let tag: String
  let words: Words
  let scriptWords: String
  let user: String
  let flash: String?
  let room: String
  let since: String
}

extension Words.Script {
  /// The words as a JSON object whose names are the properties'.
  var json: String {
    jsonObject(
      Mirror(reflecting: self).children.compactMap { child in
        guard let name = child.label, let value = child.value as? String else { return nil }
        return (name, value)
      })
  }
}
