extension [UInt8] {
  /// Appends `number` in decimal ASCII digits, without making a `String` of it.
  package mutating func append(decimal number: UInt64) {
    var unit: UInt64 = 1
    while number / unit >= 10 { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
      unit /= 10
    }
  }
}
