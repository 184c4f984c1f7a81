import BelfryServer
import TestSupport
import Testing

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("15s", .seconds(15)), ("2m", .seconds(120)),
    ("1h", .seconds(3600)), ("31d", .seconds(31 * 86_400)), ("0", .zero), ("0s", .zero),
    ("1.5s", .milliseconds(1500)), ("0.5ms", .microseconds(500)), ("0.25d", .seconds(21_600)),
    ("007s", .seconds(7)), ("0.0", .zero), ("36500d", DurationText.maximum),
    ("0.000000000000001ms", Duration(secondsComponent: 0, attosecondsComponent: 1)),
  ])
  func `a number and its unit are a duration`(text: String, duration: Duration) throws {
    #expect(try DurationText(parsing: text).duration == duration)
  }

  @Test(arguments: [
    "", "s", "5", "-1s", "+1s", "1.s", ".5s", "1,5s", "1 s", " 1s", "1s ", "1S", "1sec", "1ms2",
    "1h30m", "1e3s", "0x1s", "١s", "∞", "1..5s", "1.5.5s", "36501d", "36500.0000001d",
    "999999999999999d", "1000000000000000ms", "99999999999999999999999999999999999999999s",
    "0.0000000000000001ms", "1w", "1y", "1us", "NaN", "1s\u{0}", "s1",
  ])
  func `anything else is refused and told what is accepted`(text: String) {
    let error = #expect(throws: SettingTextError.self) { try DurationText(parsing: text) }
    #expect(
      error?.description
        == "\(text.debugDescription) is not a duration such as 500ms, 15s, 1.5m, 1h, 31d or 0, "
        + "at most 36500d.")
  }

  @Test(arguments: [
    (Duration.zero, "0"), (.milliseconds(500), "500ms"), (.seconds(15), "15s"),
    (.seconds(90), "90s"), (.seconds(120), "2m"), (.seconds(3600), "1h"), (.seconds(86_400), "1d"),
    (.seconds(90_000), "25h"), (.milliseconds(1500), "1500ms"), (.microseconds(1500), "1.5ms"),
    (.nanoseconds(1), "0.000001ms"),
  ])
  func `a duration is written in the largest unit that divides it`(
    duration: Duration, text: String
  ) {
    #expect(DurationText(duration).description == text)
  }

  @Test func `what is written is read back`() throws {
    var generator = SplitMix64(seed: 5)
    for _ in 0..<2000 {
      let seconds = Int64.random(in: 0..<3_000_000_000, using: &generator)
      let scale =
        Int64(1_000_000_000_000_000_000) / [1, 10, 1000, 1_000_000].randomElement(
          using: &generator)!
      let attoseconds = Int64.random(in: 0..<1_000_000_000_000_000_000, using: &generator)
      let duration = Duration(
        secondsComponent: seconds, attosecondsComponent: attoseconds / scale * scale)
      #expect(try DurationText(parsing: "\(DurationText(duration))").duration == duration)
    }
  }
}
