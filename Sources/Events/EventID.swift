internal import TextCoding

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
    // 16 characters of epoch, a dash, 20 digits.
    guard text.utf8.count <= 37 else { return nil }
    self.init(utf8: Array(text.utf8)[...])
  }

  /// The same of a text's bytes.
  package init?(utf8: ArraySlice<UInt8>) {
    guard utf8.count <= 37, let dash = utf8.firstIndex(of: UInt8(ascii: "-")),
      let epoch = Epoch(utf8: utf8[..<dash]),
      let number = UInt64(decimal: utf8[utf8.index(after: dash)...])
    else { return nil }
    self.init(epoch: epoch, number: number)
  }

  package var description: String { "\(epoch.text)-\(number)" }

  /// Appends `EPOCH-N` as ASCII.
  package func encode(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: epoch.text.utf8)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(decimal: number)
  }
}
