extension StringProtocol {
  /// The text without Unicode's `White_Space` around it. Of scalars and not of characters: a space and an accent
  /// behind it are one character.
  package var trimmingWhiteSpace: SubSequence {
    let isInside = { (scalar: Unicode.Scalar) in !scalar.properties.isWhitespace }
    guard let first = unicodeScalars.firstIndex(where: isInside),
      let last = unicodeScalars.lastIndex(where: isInside)
    else { return self[endIndex...] }
    return self[first..<unicodeScalars.index(after: last)]
  }
}
