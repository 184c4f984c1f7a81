import Testing
import TextCoding

@Suite struct HTMLTextTests {
  @Test func `what would end an element or an attribute is escaped`() {
    #expect(HTMLText.escape("<a href=\"x\">&'字") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;字")
    #expect(HTMLText.escape("") == "")
    // Together with the accent it is another character; the attribute would end all the same.
    #expect(HTMLText.escape("\"\u{301}") == "&quot;\u{301}")
  }
}
