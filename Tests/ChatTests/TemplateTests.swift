import Testing

@testable import Chat

@Suite struct TemplateTests {
  private func render(_ source: String, _ values: [String: String?] = [:]) throws -> String {
    try Template(source).render(values)
  }

  @Test(arguments: ["", "plain", "a { b } c", "}}", "{ {a} }", "字"])
  func `text stays as it is`(source: String) throws {
    #expect(try render(source) == source)
  }

  @Test func `a value stands in its place, as often as it is named`() throws {
    #expect(try render("{{a}}-{{b}}{{a}}", ["a": "1", "b": "字"]) == "1-字1")
  }

  @Test func `a value is escaped, and never read as a template`() throws {
    #expect(
      try render("<p>{{a}}</p>", ["a": "<b>&\"'{{a}}"]) == "<p>&lt;b&gt;&amp;&quot;&#39;{{a}}</p>")
    #expect(try render("{{a}}", ["a": "\"\u{301}"]) == "&quot;\u{301}")
  }

  @Test func `a section is there only if its name has a value`() throws {
    let source = "a{{#b}} {{b}} {{c}}{{/b}}d"
    #expect(try render(source, ["b": "1", "c": "2"]) == "a 1 2d")
    #expect(try render(source, ["b": "", "c": "2"]) == "a  2d")
    #expect(try render(source, ["b": nil, "c": "2"]) == "ad")
  }

  @Test func `a section may hold another`() throws {
    let source = "{{#a}}1{{#b}}2{{/b}}3{{/a}}4{{#b}}5{{/b}}"
    #expect(try render(source, ["a": "", "b": ""]) == "12345")
    #expect(try render(source, ["a": "", "b": nil]) == "134")
    #expect(try render(source, ["a": nil, "b": ""]) == "45")
  }

  @Test func `the newline behind a section's tag belongs to it`() throws {
    let source = "a\n{{#b}}\nb\n{{/b}}\nc\n"
    #expect(try render(source, ["b": ""]) == "a\nb\nc\n")
    #expect(try render(source, ["b": nil]) == "a\nc\n")
  }

  @Test(arguments: [
    ("a{{b", "{{b"), ("{{}}", ""), ("{{#}}", "#"), ("{{a b}}", "a b"), ("{{{a}}}", "{a"),
    ("{{#a}}", "#a"), ("{{/a}}", "/a"), ("{{#a}}{{/b}}{{/a}}", "/b"), ("{{#a}}{{#b}}{{/a}}", "/a"),
  ])
  func `a tag that can't be read is an error`(source: String, tag: String) {
    #expect(throws: TemplateError(tag: tag)) { try Template(source) }
  }

  @Test func `a place without a value is a bug that ends the program`() async {
    await #expect(processExitsWith: .failure) { _ = try Template("{{a}}").render([:]) }
    await #expect(processExitsWith: .failure) { _ = try Template("{{a}}").render(["a": nil]) }
    await #expect(processExitsWith: .failure) { _ = try Template("{{#a}}{{/a}}").render([:]) }
  }
}
