import BelfryServer
import TestSupport
import Testing

@Suite struct ByteCountTextTests {
  @Test(arguments: [
    ("0", 0), ("512", 512), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20),
    ("1.5MiB", 3 << 19), ("2GiB", 2 << 30), ("0.5KiB", 512), ("1.0", 1), ("0KiB", 0),
    ("8589934591GiB", 8_589_934_591 << 30),
  ])
  func `a number and its unit are bytes`(text: String, bytes: Int) throws {
    #expect(try ByteCountText(parsing: text).bytes == bytes)
  }

  @Test(arguments: [
    "", "B", "KiB", "-1", "+1", "1.5", "0.5B", "0.0001KiB", "1 KiB", " 1", "1 ", "1kib", "1K",
    "1KB", "10MB", "1GB", "1TiB", "1e3", "1_000", "1,000", "8589934592GiB", "1.", ".5KiB",
    "99999999999999999999999999999999999999999", "١", "0x10",
  ])
  func `anything else is refused and told what is accepted`(text: String) {
    let error = #expect(throws: SettingTextError.self) { try ByteCountText(parsing: text) }
    #expect(
      error?.description
        == "\(text.debugDescription) is not a number of bytes such as 512, 512B, 64KiB, 1.5MiB "
        + "or 2GiB.")
  }

  @Test(arguments: [
    (0, "0"), (1, "1"), (512, "512"), (1023, "1023"), (1024, "1KiB"), (65_536, "64KiB"),
    (1 << 20, "1MiB"), (3 << 19, "1536KiB"), (1 << 30, "1GiB"), (Int.max, "\(Int.max)"),
  ])
  func `a number is written in the largest unit that divides it`(bytes: Int, text: String) throws {
    #expect(ByteCountText(bytes).description == text)
  }

  @Test func `what is written is read back`() throws {
    var generator = SplitMix64(seed: 6)
    for shift in 0..<50 {
      let bytes = Int.random(in: 0..<1000, using: &generator) << shift
      guard bytes < 1_000_000_000_000_000 else { continue }
      #expect(try ByteCountText(parsing: "\(ByteCountText(bytes))").bytes == bytes)
    }
  }
}
