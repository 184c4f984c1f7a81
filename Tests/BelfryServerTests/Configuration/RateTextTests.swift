import BelfryServer
import Limits
import Testing

@Suite struct RateTextTests {
  @Test(arguments: [
    ("5/s", Rate(5, per: .seconds(1))), ("20/m", Rate(20, per: .seconds(60))),
    ("600/m", Rate(600, per: .seconds(60))), ("20/1m", Rate(20, per: .seconds(60))),
    ("100/10m", Rate(100, per: .seconds(600))),
    ("1/500ms", Rate(1, per: .milliseconds(500))), ("1/ms", Rate(1, per: .milliseconds(1))),
    ("1000000/h", Rate(1_000_000, per: .seconds(3600))),
    ("3/1.5s", Rate(3, per: .milliseconds(1500))),
  ])
  func `a count and a duration are a rate`(text: String, rate: Rate) throws {
    let read = try RateText(parsing: text)
    #expect(read.rate == rate)
    #expect(try RateText(parsing: read.description) == read)
  }

  @Test(arguments: [
    "", "5", "/s", "5/", "5/0", "0/s", "-1/s", "+1/s", "5/s/s", "5/2h", "5/d", "5 / s", "1000001/s",
    "5/w", "1.5/s", "٥/s", "5/0.5ms", "5s", "00/s", "99999999999999999999/s",
  ])
  func `anything else is refused and told what is accepted`(text: String) {
    let error = #expect(throws: SettingTextError.self) { try RateText(parsing: text) }
    #expect(error?.description.contains("20/m") == true)
  }

  @Test(arguments: [
    (nil, "0"), (Rate(5, per: .seconds(1)), "5/s"), (Rate(20, per: .seconds(60)), "20/m"),
    (Rate(2, per: .seconds(10)), "2/10s"), (Rate(2, per: .milliseconds(100)), "2/100ms"),
    (Rate(2, per: .milliseconds(1500)), "2/1500ms"), (Rate(2, per: .seconds(11)), "2/11s"),
  ])
  func `a rate is written as it is read`(rate: Rate?, text: String) throws {
    #expect(RateText(rate).description == text)
    #expect(try RateText(parsing: text).rate == rate)
  }
}
