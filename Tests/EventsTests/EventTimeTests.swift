import Events
import Foundation
import Testing

@Suite struct EventTimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (951_868_799_999, "2000-02-29T23:59:59.999Z"),
      (1_796_079_907_042, "2026-11-30T23:05:07.042Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
      (.max, "9999-12-31T23:59:59.999Z"),
    ] as [(UInt64, String)])
  func `a time is written as RFC 3339 has it`(milliseconds: UInt64, text: String) {
    #expect(EventTime(milliseconds: milliseconds).text == text)
  }

  @Test func `each day of four hundred years is Foundation's`() {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    for day in stride(from: UInt64(0), to: 146_097, by: 13) {
      let seconds = day * 86_400 + day
      let expected = Date(timeIntervalSince1970: Double(seconds)).formatted(format)
      #expect(EventTime(milliseconds: seconds * 1000).text == expected)
    }
  }
}
