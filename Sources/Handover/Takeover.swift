/// How a server comes to be taken over by its successor: what happens goes in, what is to be done comes
/// out.
///
/// One of the two takes publishes at any time, or neither. This one stops before it reads its history
/// out, and takes them up again only when the successor is gone and has never served: the successor
/// says so before it serves, and what it said can be read after its end.
struct Takeover {
  typealias Instant = ContinuousClock.Instant

  enum Action: Equatable {
    /// Take no more publishes, and send the history.
    case sendHistory
    /// Tell the successor to serve.
    case commit
    /// It serves: hand on what is asked here, and send everybody away.
    case leave
    /// End the successor: its last words tell whether it has served.
    case end
    /// Go on as if nothing had happened; end the successor if it still runs.
    case giveUp(reason: String)
    /// End the successor if it still runs; this server stops.
    case drop
  }

  private enum Phase {
    /// The successor starts.
    case starting
    /// It is sent the history.
    case sending
    /// It was told to serve: from here on it alone knows whether it does.
    case committed
    /// It serves, or it is given up.
    case over
  }

  private var phase = Phase.starting
  /// This server stops.
  private var isCancelled = false
  private let hasHistory: Bool
  private let limit: Duration
  private var deadline: Instant

  /// - Parameters:
  ///   - limit: time for the successor to start, and as much to load the history.
  ///   - hasHistory: false when it is kept elsewhere.
  init(from start: Instant, limit: Duration, hasHistory: Bool) {
    self.limit = limit
    self.hasHistory = hasHistory
    deadline = start + limit
  }

  /// The successor was told to serve, and has not said yet that it does.
  var isCommitted: Bool { phase == .committed }

  /// The successor has everything it needs, but the history.
  mutating func successorIsReady(now: Instant) -> Action? {
    if let late = advance(to: now) { return late }
    guard phase == .starting else { return nil }
    phase = hasHistory ? .sending : .committed
    deadline = now + limit
    return hasHistory ? .sendHistory : .commit
  }

  mutating func historyIsLoaded(now: Instant) -> Action? {
    if let late = advance(to: now) { return late }
    guard phase == .sending else { return nil }
    phase = .committed
    return .commit
  }

  mutating func successorServes() -> Action? {
    guard phase == .committed else { return nil }
    phase = .over
    return .leave
  }

  /// The successor ended, or nothing more of it can be heard.
  mutating func successorIsLost(_ reason: String) -> Action? {
    guard phase != .over else { return nil }
    phase = .over
    return isCancelled ? .drop : .giveUp(reason: reason)
  }

  /// This server is to stop, and so is a successor that may serve already: nobody has asked for that
  /// one to stay.
  mutating func cancel() -> Action? {
    isCancelled = true
    switch phase {
    case .starting, .sending:
      phase = .over
      return .drop
    case .committed: return .end
    case .over: return nil
    }
  }

  /// Gives up who is late.
  mutating func advance(to now: Instant) -> Action? {
    guard now >= deadline else { return nil }
    switch phase {
    case .starting:
      phase = .over
      return .giveUp(reason: "the successor was not ready within --takeover-timeout")
    case .sending:
      phase = .over
      return .giveUp(
        reason: "the successor did not load the history within --takeover-timeout")
    // It may serve already, and nobody else may do so then.
    case .committed:
      deadline = now + limit
      return .end
    case .over: return nil
    }
  }
}
