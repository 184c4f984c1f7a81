import Chat
import Testing

@Suite struct LanguageTests {
  @Test func `without the field the first users' language is spoken`() {
    #expect(Language(acceptLanguage: nil) == .traditionalChinese)
  }

  @Test(arguments: [
    "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh", "zh-Hant-HK", "zh-CN", "ZH-tw",
    "fr, zh;q=0.1", "en;q=0.8, zh;q=0.9", "en;q=0.8,zh ; Q=0.801", "zh-TW;q=0, zh", "*, en;q=0.5",
    "zh, *", "zh, en", "de;q=1.000,zh-TW;q=0.001", "en;q=0, *", "zh;q=1.000, en;q=0.999",
    "en;q=2, zh;q=0.1", "\tzh\t,",
  ])
  func `Chinese is spoken where it is liked best`(field: String) {
    #expect(Language(acceptLanguage: field) == .traditionalChinese)
  }

  @Test(arguments: [
    "en-US,en;q=0.9", "en, zh", "zh;q=0.8, en;q=0.9", "zh;q=0, *", "*", "*, zh;q=0.9",
    "en-GB;q=0.5, zh-TW;q=0.4", "fr, en;q=0.1", "EN",
  ])
  func `English is spoken where it is liked best`(field: String) {
    #expect(Language(acceptLanguage: field) == .english)
  }

  @Test(arguments: [
    "", " ", ",,", ";", "fr, de;q=0.5", "zh;q=0", "zh;q=0.000", "zh;q=", "zh;q=1.5", "zh;q=0.1234",
    "zh;q=0.x", "zh;q=1;x=2", "zh;v=1", "zha", "-zh", "\u{0}", "中文",
  ])
  func `English is spoken where nothing matches`(field: String) {
    #expect(Language(acceptLanguage: field) == .english)
  }

  @Test func `each language has a tag`() {
    #expect(Language.traditionalChinese.tag == "zh-Hant")
    #expect(Language.english.tag == "en")
  }
}
