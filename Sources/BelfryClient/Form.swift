internal import TextCoding

/// Fields of a form, as `application/x-www-form-urlencoded` has them (WHATWG URL, section 5.2).
package struct Form {
  package private(set) var text = ""

  package init() {}

  package mutating func add(_ name: String, _ value: String) {
    if !text.isEmpty { text += "&" }
    text += PercentCoding.encodeForm(name) + "=" + PercentCoding.encodeForm(value)
  }
}
