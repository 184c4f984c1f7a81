internal import Reactor

extension Listeners {
  /// Does what the scenario's timeline says.
  func perform(_ step: TimelineStep, now: UInt64) {
    switch step.action {
    case .storm: storm(now: now)
    case .pause:
      latency.phase = .during
      for token in listeners.indices where listeners[token].isSlow { try? clients?.pause(token) }
    case .resume:
      latency.phase = .after
      for token in listeners.indices where listeners[token].isSlow { try? clients?.resume(token) }
    case .churn: churn(step.count)
    }
    connectMore(now: now)
  }

  private func storm(now: UInt64) {
    stormBegan = now
    for token in listeners.indices where listeners[token].phase == .open {
      remember(token)
      drop(token)
      listeners[token].resumes = true
    }
  }

  private func churn(_ count: Int) {
    for _ in 0..<min(count, listeners.count) {
      let token = churnPlace
      churnPlace = (churnPlace + 1) % listeners.count
      guard listeners[token].phase == .open else { continue }
      judge.leave(token)
      drop(token)
      listeners[token].isFromLog = false
      lastIDs[token] = nil
    }
  }

  /// A listener closes its stream, and opens another as soon as may be.
  private func drop(_ token: Int) {
    clients?.close(token)
    noteComments(token)
    openCount -= 1
    listeners[token].phase = .waiting
    queue.add(token)
  }
}
