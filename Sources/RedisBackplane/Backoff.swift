/// How long to wait before the next try: twice as long each time, less a part by chance, so that many
/// nodes don't come back at the same moment.
struct Backoff {
  static let shortest = Duration.milliseconds(50)
  static let longest = Duration.seconds(5)
  private var failures = 0

  /// The delay before the next try; between 50 ms and 5 s.
  mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let full = min(Self.shortest * 2 * (1 << min(failures, 10)), Self.longest)
    failures += 1
    return full * Double.random(in: 0.5...1, using: &generator)
  }

  /// It worked: the next delay is the shortest again.
  mutating func succeeded() { failures = 0 }
}
