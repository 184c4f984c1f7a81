import Testing

@testable import Chat

@Suite struct WordsTests {
  /// Each word by its property's name, the script's ones too.
  private func all(_ words: Words) -> [String: String] {
    let children = Array(Mirror(reflecting: words).children)
    let script = Array(Mirror(reflecting: words.script).children)
    var all: [String: String] = [:]
    for child in children + script {
      if let name = child.label, let word = child.value as? String { all[name] = word }
    }
    return all
  }

  @Test(arguments: Language.allCases)
  func `no word is empty`(language: Language) {
    let words = all(.of(language))
    #expect(words.count > 30)
    for (name, word) in words { #expect(!word.isEmpty, "\(name)") }
  }

  @Test func `the languages differ in every word but the greeting`() {
    let chinese = all(.of(.traditionalChinese))
    let english = all(.of(.english))
    for (name, word) in chinese where name != "greetingBeforeName" {
      #expect(english[name] != word, "\(name)")
    }
  }

  @Test(arguments: Language.allCases)
  func `patterns hold the same values in every language`(language: Language) {
    let script = Words.of(language).script
    #expect(script.newMessages.contains("{n}"))
    #expect(script.waitSeconds.contains("{n}"))
    #expect(script.tooFast.contains("{n}"))
    #expect(script.failed.contains("{status}"))
    #expect(script.unwell.contains("{status}"))
  }

  @Test(arguments: Language.allCases)
  func `each reason has its own words`(language: Language) {
    let words = Words.of(language)
    #expect(Set(LoginReason.allCases.map(words.reason)).count == LoginReason.allCases.count)
  }

  @Test func `the script asks only for words that there are`() throws {
    let script = String(decoding: PackageResources.belfry_js, as: UTF8.self)
    let known = Set(Mirror(reflecting: Words.of(.english).script).children.compactMap(\.label))
    let asked = Set(script.matches(of: /words\.(\w+)/).map { String($0.1) })
    // The script looks these up by the state of its connection.
    let states: Set = ["connecting", "live", "reconnecting", "busy"]
    #expect(asked.union(states) == known)
  }
}
