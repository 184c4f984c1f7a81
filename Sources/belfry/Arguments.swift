internal import ArgumentParser
internal import BelfryServer
internal import EventStream
internal import Limits
internal import Logging
internal import Reactor

// How the values of options are read. Each remembers its text, which help shows as the default.

/// `15s`.
struct DurationArgument: ExpressibleByArgument {
  let value: Duration
  init(_ value: Duration) { self.value = value }
  init?(argument: String) {
    guard let text = try? DurationText(parsing: argument) else { return nil }
    value = text.duration
  }
  var defaultValueDescription: String { DurationText(value).description }
}

/// `64KiB`.
struct SizeArgument: ExpressibleByArgument {
  let value: Int
  init(_ value: Int) { self.value = value }
  init?(argument: String) {
    guard let text = try? ByteCountText(parsing: argument) else { return nil }
    value = text.bytes
  }
  var defaultValueDescription: String { ByteCountText(value).description }
}

/// `5/s`.
struct RateArgument: ExpressibleByArgument {
  let value: Rate?
  init(_ value: Rate?) { self.value = value }
  init?(argument: String) {
    guard let text = try? RateText(parsing: argument) else { return nil }
    value = text.rate
  }
  var defaultValueDescription: String { RateText(value).description }
}

/// `127.0.0.1:5000`.
struct ListenArgument: ExpressibleByArgument {
  let value: ListenAddress
  init(_ value: ListenAddress) { self.value = value }
  init?(argument: String) {
    guard let value = ListenAddress(argument) else { return nil }
    self.value = value
  }
  var defaultValueDescription: String { value.description }
}

/// Empty, or a path: `/chat`; a slash at its end is dropped.
struct BasePathArgument: ExpressibleByArgument {
  let value: String
  init(_ value: String) { self.value = value }
  init?(argument: String) {
    guard let path = BasePath(argument) else { return nil }
    value = path.text
  }
  var defaultValueDescription: String { value.isEmpty ? "none" : value }
}

/// `chat,team-*`; `*` is any.
struct RoomsArgument: ExpressibleByArgument {
  let value: RoomRules
  init?(argument: String) {
    var patterns: [RoomPattern] = []
    for entry in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let pattern = RoomPattern(entry) else { return nil }
      patterns.append(pattern)
    }
    value = RoomRules(patterns)
  }
}

/// `https://example.org`: scheme, host and port as a browser's `Origin` has them.
struct OriginArgument: ExpressibleByArgument {
  let value: String
  init?(argument: String) {
    let parts = argument.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty,
      !parts[2].isEmpty, !parts[2].contains("/"),
      parts[2].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    value = argument.lowercased()
  }
}

/// `redis://127.0.0.1:6379/3`.
///
/// Anything is taken, and nil what can't be read: the parser would repeat that in its message, and it
/// may hold a password.
struct RedisArgument: ExpressibleByArgument {
  let value: RedisAddress?
  init(argument: String) { value = RedisAddress(argument) }
}

/// `info`.
struct LogLevelArgument: ExpressibleByArgument {
  let value: Logger.Level
  init(_ value: Logger.Level) { self.value = value }
  init?(argument: String) {
    guard let value = Logger.Level(rawValue: argument) else { return nil }
    self.value = value
  }
  var defaultValueDescription: String { value.rawValue }
}
