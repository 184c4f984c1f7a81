/// The place of one event in its history, written `EPOCH-N`.
///
/// Only characters of `[A-Za-z0-9.:_-]` occur, at most 37 of them, so a cross-origin reconnection
/// may send it as `Last-Event-ID` without a preflight.
package struct EventID: Hashable, Sendable, CustomStringConvertible {
  /// The history the number counts in.
  package var epoch: Epoch
  /// The event's number in that history; numbers grow, and may leave gaps.
  package var number: UInt64

  package init(epoch: Epoch, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// Fails unless `text` is exactly `EPOCH-N`, N being 0...`UInt64.max` in decimal digits without
  /// a sign or leading zeros.
  package init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    // 16 characters of epoch, a dash, 20 digits.
    guard utf8.count <= 37, let dash = utf8.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    guard let epoch = Epoch(text[..<dash]) else { return nil }
    guard let number = Self.number(utf8[utf8.index(after: dash)...]) else { return nil }
    self.init(epoch: epoch, number: number)
  }

  package var description: String { "\(epoch.text)-\(number)" }

  /// Appends `EPOCH-N` as ASCII.
  package func encode(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: epoch.text.utf8)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(decimal: number)
  }

  private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
      return nil
    }
    var number: UInt64 = 0
    for digit in digits {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
      let (tens, overflowed) = number.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !overflowed, !carried else { return nil }
      number = sum
    }
    return number
  }
}
