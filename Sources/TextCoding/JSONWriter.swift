/// `members` as the text of one JSON object of strings, in their order.
///
/// Quotes, backslashes and control characters are escaped, and nothing else needs to be (RFC 8259,
/// section 7). Where the text stands in a page, the template escapes it for HTML as well.
package func jsonObject(_ members: [(name: String, value: String)]) -> String {
  "{" + members.map { jsonString($0.name) + ":" + jsonString($0.value) }.joined(separator: ",")
    + "}"
}

private func jsonString(_ text: String) -> String {
  var json = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": json += "\\\""
    case "\\": json += "\\\\"
    case "\u{0}"..."\u{1F}":
      let digits = String(scalar.value, radix: 16)
      json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: json.unicodeScalars.append(scalar)
    }
  }
  return json + "\""
}
