import Testing
import WebForms

@Suite struct CookiesTests {
  @Test(arguments: [
    ("a=1", "1"), ("a=1; b=2", "1"), ("b=2;a=1", "1"), ("b=2;  \ta = 1 ", "1"), ("a=", ""),
    ("a=b=c", "b=c"), ("a=\"1\"", "1"), ("a=\"\"", ""), ("a=\"", "\""), ("a=\"1", "\"1"),
    ("a=1 2", "1 2"), (";;a=1;;", "1"), ("x;a=1", "1"), ("=x; a=1", "1"), ("a=%41", "%41"),
    ("a=小", "小"), ("a=1,b=2", "1,b=2"),
  ])
  func `a cookie is found by its name`(header: String, value: String) {
    #expect(Cookies(header).first("a") == value)
  }

  @Test(arguments: ["", ";", "a", "A=1", "aa=1", "b=a=1", "=a", "b=1; a"])
  func `a cookie that is not there is nil`(header: String) {
    #expect(Cookies(header).first("a") == nil)
    #expect(Cookies(header).all("a") == [])
  }

  @Test func `all cookies of a name are kept, in their order`() {
    let cookies = Cookies("a=1; b=x; a=2; a=\"1\"")
    #expect(cookies.all("a") == ["1", "2", "1"])
    #expect(cookies.first("a") == "1")
  }

  @Test func `several headers are one list`() {
    let cookies = Cookies(headers: ["a=1; b=2", "a=3"])
    #expect(cookies.all("a") == ["1", "3"])
    #expect(cookies.all("b") == ["2"])
    #expect(Cookies(headers: []).all("a") == [])
  }
}
