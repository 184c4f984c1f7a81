extension BidirectionalCollection<UInt8> where SubSequence == Self {
  /// Without the spaces and tabs around it. Of bytes and not of characters: a blank and an accent behind
  /// it are one character.
  @inlinable package var trimmingBlanks: Self {
    var bytes = self
    while let first = bytes.first, first.isBlank { bytes.removeFirst() }
    while let last = bytes.last, last.isBlank { bytes.removeLast() }
    return bytes
  }
}
