extension StringProtocol {
  /// The text without blanks, tabs and line ends around it.
  var trimmingWhitespace: Substring {
    let isAround = { (character: Character) in
      character == " " || character == "\t" || character.isNewline
    }
    guard let first = firstIndex(where: { !isAround($0) }),
      let last = lastIndex(where: { !isAround($0) })
    else { return "" }
    return Substring(self[first...last])
  }

  /// The text without line ends behind it, as an editor or `$(…)` may leave them.
  var trimmingLineEnds: Substring {
    guard let last = lastIndex(where: { !$0.isNewline }) else { return "" }
    return Substring(self[...last])
  }
}
