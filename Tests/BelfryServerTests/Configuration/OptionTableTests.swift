import Foundation
import Hub
import Reactor
import Testing

@testable import BelfryServer

/// What holds for each option, whatever it is: everything here comes from the table.
@Suite struct OptionTableTests {
  private static let names = OptionTable.rows.map(\.name)
  private static let lists = OptionTable.rows.filter { $0.format.count == .list }.map(\.name)
  private static let numbered = OptionTable.rows.filter { beyond($0).isEmpty == false }.map(\.name)

  /// How an option is set.
  private enum Way: CaseIterable { case commandLine, environment, file }

  private func row(_ name: String) throws -> OptionRow {
    try #require(OptionTable.row(named: name))
  }

  /// An option set to a text in one way, and what messages call the source.
  private func given(_ row: OptionRow, _ text: String, _ way: Way) throws -> (
    GivenOptions, source: String
  ) {
    switch way {
    case .commandLine:
      return (GivenOptions(["--\(row.name)=\(text)"], environment: [:]), "--\(row.name)")
    case .environment:
      return (GivenOptions([], environment: [row.variable: text]), row.variable)
    case .file:
      let file = try TemporaryFile("# A comment.\n\n\(row.name) = \(text)\n")
      return (GivenOptions(["--config", file.path], environment: [:]), "\(file.path):3")
    }
  }

  /// The ways in which an option can be set.
  private func ways(_ row: OptionRow) -> [Way] {
    Way.allCases.filter { $0 != .file || row.path != \ServerSettings.configFile }
  }

  private func mistakes(_ given: GivenOptions) -> [String] {
    do throws(OptionMistakes) {
      _ = try given.settings()
      return []
    } catch {
      return error.all.map(\.description)
    }
  }

  @Test(arguments: names)
  func `a value without its unit, or with a wrong one, is told with source and remedy`(
    name: String
  ) throws {
    let row = try row(name)
    let (text, meant): (String, String)
    switch row.format.placeholder {
    case "DURATION": (text, meant) = ("15", "15s")
    case "SIZE": (text, meant) = ("64KB", "64KiB")
    case "RATE": (text, meant) = ("5", "5/s")
    // No other kind has units.
    default: return
    }
    for way in ways(row) {
      let (given, source) = try given(row, text, way)
      #expect(mistakes(given) == ["\(name) = \(text) (\(source)): write \(meant)"])
    }
  }

  @Test func `the longest message, seven times as long, is a string that Redis takes`() throws {
    let most = try ByteCountText(parsing: try #require(try row("max-message").format.most)).bytes
    #expect(7 * most + 1000 < 512 << 20)
  }

  /// Texts just outside of an option's range.
  private static func beyond(_ row: OptionRow) -> [String] {
    let (least, most) = (row.format.least, row.format.most)
    switch row.format.placeholder {
    case "DURATION":
      let step = Duration.milliseconds(1)
      let below = least.flatMap { try? DurationText(parsing: $0) }.map { $0.duration - step }
      let above = most.flatMap { try? DurationText(parsing: $0) }.map { $0.duration + step }
      return [below, above].compactMap(\.self).map { "\(DurationText($0))" }
    case "SIZE":
      let below = least.flatMap { try? ByteCountText(parsing: $0) }.map { $0.bytes - 1 }
      let above = most.flatMap { try? ByteCountText(parsing: $0) }.map { $0.bytes + 1 }
      return [below, above].compactMap(\.self).map { "\(ByteCountText($0))" }
    case "NUMBER":
      return [least.flatMap { Int($0) }.map { $0 - 1 }, most.flatMap { Int($0) }.map { $0 + 1 }]
        .compactMap(\.self).map { "\($0)" }
    default:
      return []
    }
  }

  @Test(arguments: numbered)
  func `a value out of range is told with source and range, and the range's ends are not`(
    name: String
  ) throws {
    let row = try row(name)
    for text in Self.beyond(row) {
      for way in ways(row) {
        let (given, source) = try given(row, text, way)
        let told = mistakes(given)
        #expect(told.count == 1)
        #expect(told[0].hasPrefix("\(name) = \(text) (\(source)): write "), "\(told)")
        for end in [row.format.least, row.format.most].compactMap(\.self) {
          #expect(told[0].contains(end), "\(told)")
        }
      }
    }
    for end in [row.format.least, row.format.most].compactMap(\.self) {
      #expect(try row.text(of: given(row, end, .commandLine).0.settings()) == end)
    }
    guard row.format.hasZero else { return }
    #expect(try row.text(of: given(row, "0", .commandLine).0.settings()) == "0")
  }

  @Test func `what 0 switches off says so in its help`() {
    let zeros = OptionTable.rows.filter(\.format.hasZero)
    #expect(zeros.map(\.name) == ["heartbeat", "stats-interval"])
    for row in zeros { #expect(row.help.contains("; 0 means never.")) }
  }

  @Test func `each option that has a unit has a range, and there are many`() {
    let measured = OptionTable.rows.filter {
      ["DURATION", "NUMBER"].contains($0.format.placeholder)
    }
    #expect(measured.count >= 10)
    for row in measured { #expect(Self.numbered.contains(row.name)) }
  }

  @Test(arguments: names)
  func `an empty value is told on the command line and in a file, and an empty variable is unset`(
    name: String
  ) throws {
    let row = try row(name)
    let isFlag = row.format.count == .flag
    for blank in ["", " "] {
      #expect(
        mistakes(GivenOptions(["--\(name)=\(blank)"], environment: [:])) == [
          isFlag
            ? "--\(name)=\(blank): write --\(name) without a value, or leave it out"
            : "--\(name): write a value behind it: --\(name) \(row.format.placeholder)"
        ])
    }
    if !isFlag {
      for arguments in [
        ["--\(name)"], ["--\(name)", "--log-level", "info"], ["--\(name)", ""], ["--\(name)", " "],
      ] {
        #expect(
          mistakes(GivenOptions(arguments, environment: [:])) == [
            "--\(name): write a value behind it: --\(name) \(row.format.placeholder)"
          ])
      }
    }
    for text in ["", "\n", " ", "\t\n"] {
      let unset = GivenOptions([], environment: [row.variable: text])
      #expect(mistakes(unset).isEmpty && unset.source(of: row) == .byDefault)
    }
    guard ways(row).contains(.file) else { return }
    guard row.format.count != .list else { return }
    let (given, source) = try given(row, "", .file)
    #expect(
      mistakes(given) == [
        "\(name) = (\(source)): write a value behind the =, or leave the line out"
      ])
  }

  @Test(arguments: lists)
  func `a list has commas in every source, and blanks and empty items don't count`(
    name: String
  ) throws {
    let row = try row(name)
    let text = try Self.other(row, file: "")
    let items = text.split(separator: ",")
    let loose = ", \(items.joined(separator: " ,\t, ")) ,"
    for way in Way.allCases {
      #expect(try row.text(of: given(row, loose, way).0.settings()) == text)
      let (none, source) = try given(row, " , ,", way)
      let told = mistakes(none)
      if row.format.needsItem {
        #expect(told.count == 1 && told[0].hasPrefix("\(name) = (\(source)): write "), "\(told)")
      } else {
        #expect(try row.text(of: none.settings()) == "")
        #expect("\(none.source(of: row))" == source)
      }
      // The line that gives no items at all is the one way to write none without a comma.
      guard way == .file else { continue }
      #expect(try mistakes(given(row, "", way).0).count == (row.format.needsItem ? 1 : 0))
    }
    let repeated = items.flatMap { ["--\(name)", String($0)] }
    #expect(try row.text(of: GivenOptions(repeated, environment: [:]).settings()) == text)
    // Blanks in place of commas.
    for way in Way.allCases {
      // The other way round: a socket's path may have a blank in it.
      let blanks = items.reversed().joined(separator: " ")
      let meant = items.reversed().joined(separator: ",")
      let (given, source) = try given(row, blanks, way)
      #expect(mistakes(given) == ["\(name) = \(blanks) (\(source)): write \(meant)"])
    }
  }

  @Test(arguments: names)
  func `an option of one value is told when it comes twice on the command line`(
    name: String
  ) throws {
    let row = try row(name)
    guard row.format.count == .one else { return }
    let file = try TemporaryFile(String(repeating: "k", count: 40))
    if row.path == \ServerSettings.configFile { try file.write("") }
    let text = try Self.other(row, file: file.path)
    #expect(
      mistakes(GivenOptions(["--\(name)", text, "--\(name)=\(text)"], environment: [:])) == [
        "--\(name): write it once: it takes one value"
      ])
  }

  @Test(arguments: names)
  func `blanks around a value don't count, wherever it is from`(name: String) throws {
    let row = try row(name)
    let file = try TemporaryFile(String(repeating: "k", count: 40))
    if row.path == \ServerSettings.configFile { try file.write("") }
    let text = try Self.other(row, file: file.path)
    for way in ways(row) where way != .commandLine || row.format.count != .flag {
      #expect(try row.text(of: given(row, " \t\(text) \n", way).0.settings()) == text)
    }
  }

  @Test(arguments: names)
  func `a remedy that is one word is accepted`(name: String) throws {
    let row = try row(name)
    let file = try TemporaryFile(String(repeating: "k", count: 40))
    if row.path == \ServerSettings.configFile { try file.write("") }
    let good = try Self.other(row, file: file.path)
    let bad = [
      "5", "0", "-1", "5 s", "1 5", "5kb", "5 KB", "5X", "5 min", "yes", "a b", "a,b c", "*",
      "null",
      "#", "# x", "\"\"", "/", "//", "a.b", "a.b/c", "http:", "http://", "https://*",
      "http://u:p@a:/x",
      "team-*", "\"\(good)\"", "'\(good)'", "\(good) # x", "\(good) \(good)", "\(good)x",
      "x\(good)",
      good.uppercased(), "/\(good)", "\(good)/",
    ]
    var followed = 0
    for text in bad {
      for way in ways(row) where way != .commandLine || row.format.count != .flag {
        var written = text
        // Each follows one remedy; only a list may have more than one mistake.
        for round in 1...9 {
          let (wrong, source) = try given(row, written, way)
          let told = mistakes(wrong)
          guard let remedy = told.first?.firstMatch(of: /\): write (\S+)$/)?.1 else { break }
          #expect(round == 1 || row.format.count == .list && round < 9, "\(told)")
          let value = told[0].dropFirst("\(name) = ".count)
          let item = value.prefix(
            upTo: try #require(value.firstRange(of: " (\(source))")).lowerBound)
          written = written.replacing(item, with: remedy, maxReplacements: 1)
          followed += 1
        }
      }
    }
    // A file's name is never misspelt, and a secret isn't repeated.
    #expect(followed > 0 || ["FILE", "URL"].contains(row.format.placeholder))
  }

  @Test(arguments: names)
  func `a misspelt name is told with the name that was meant`(name: String) throws {
    let row = try row(name)
    var swapped = Array(name)
    // Names of options have no two equal letters there.
    swapped.swapAt(1, 2)
    for wrong in [String(swapped), String(name.dropLast()), name + "s"]
    where OptionTable.row(named: wrong) == nil {
      #expect(
        mistakes(GivenOptions(["--\(wrong)=1"], environment: [:])) == [
          "--\(wrong): unknown option; did you mean --\(name)?"
        ])
      let file = try TemporaryFile("\(wrong) = 1\n")
      #expect(
        mistakes(GivenOptions(["--config", file.path], environment: [:])) == [
          "\(wrong) (\(file.path):1): unknown option; did you mean \(name)?"
        ])
      let variable = "BELFRY_" + wrong.uppercased().map { $0 == "-" ? "_" : $0 }
      let unknown = GivenOptions([], environment: [variable: "1"]).unknownVariables
      #expect(unknown.map(\.name) == [variable] && unknown.map(\.nearest) == [row.variable])
    }
  }

  /// A value that is not the default, as it is printed; `file` is one of 40 bytes.
  static func other(_ row: OptionRow, file: String) throws -> String {
    let usual = row.text(of: ServerSettings())
    switch row.format.placeholder {
    case "ADDRESS": return "unix:/x,127.0.0.1:7"
    case "BOOLEAN": return "true"
    case "DURATION": return "9m"
    case "FILE": return file
    case "NAME": return "team/a"
    case "NUMBER": return "9"
    case "ORIGIN": return "https://o,http://p:81"
    case "PATH": return "/p"
    case "PROXY": return "unix,10.0.0.0/8"
    case "RATE": return "9/s"
    case "ROOM": return "other,team-*"
    case "SIZE": return "9KiB"
    case "URL": return "redis://h:7/1"
    case "WORD": return try #require(row.format.choices.first { $0 != usual })
    default:
      Issue.record("a kind of value that this test does not know: \(row.format.placeholder)")
      return ""
    }
  }

  @Test(arguments: names)
  func `a value reaches its own setting from everywhere, and a running server tells of it`(
    name: String
  ) throws {
    let row = try row(name)
    let file = try TemporaryFile(String(repeating: "k", count: 40))
    if row.path == \ServerSettings.configFile { try file.write("") }
    let text = try Self.other(row, file: file.path)
    // The default of the rooms depends on whether there is Redis.
    let others = row.path == \ServerSettings.redisAddress ? ["rooms"] : []
    let old = try GivenOptions([], environment: [:]).settings()
    for way in ways(row) where way != .commandLine || row.format.count != .flag {
      let (given, source) = try given(row, text, way)
      var new = try given.settings()
      if way == .file { new.configFile = nil }
      #expect(row.text(of: new) == text && "\(given.source(of: row))" == source)
      let change = SettingsChange(from: old, to: new)
      #expect(Set(change.applied + change.pending) == Set([name] + others))
      #expect(change.applied == (row.change == .restart ? [] : [name]))
      #expect(row.isEqual(change.settings, new) == (row.change != .restart))
    }
  }

  @Test func `names, variables and places are all different`() {
    let rows = OptionTable.rows
    #expect(Set(rows.map(\.name)).count == rows.count)
    #expect(Set(rows.map(\.variable)).count == rows.count)
    for row in rows { #expect(OptionTable.row(for: row.path).name == row.name) }
  }
}

/// A file that a test may rewrite; removed with it.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).conf"
  init(_ text: String) throws { try write(text) }
  deinit { unsafe unlink(path) }
  func write(_ text: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
