extension UInt64 {
  /// Reads a number in decimal ASCII digits; nil for a sign, leading zeros, anything else, nothing, or
  /// a number that is too large.
  package init?(decimal digits: ArraySlice<UInt8>) {
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
      return nil
    }
    var number: UInt64 = 0
    for digit in digits {
      guard digit.isDigit else { return nil }
      let (tens, overflowed) = number.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !overflowed, !carried else { return nil }
      number = sum
    }
    self = number
  }
}
