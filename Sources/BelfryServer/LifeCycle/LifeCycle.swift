/// A server's life: what happens goes in, what is to be done comes out.
///
///     waiting ──→ serving ←──→ handingOver ──→ leaving
///        │           │              │             │
///        └───────────┴──────────────┴─────────────┴──→ stopping
///
/// A server that takes over begins with `waiting`, any other with `serving`. It may fail in any phase while its
/// predecessor is there. Settings are read anew in any phase.
struct LifeCycle {
  enum Phase: Equatable {
    /// Its predecessor still serves.
    case waiting
    case serving
    /// A successor starts.
    case handingOver
    /// A successor serves. All listeners of this server are sent there.
    case leaving
    /// All listeners are sent away.
    case stopping
    /// The takeover from its predecessor went wrong, or messages can't be exchanged.
    case failed(reason: String)
  }

  enum Action: Equatable {
    /// Get ready, and wait for the predecessor's word.
    case awaitPredecessor
    /// Listen where the predecessor does, and say that this server serves. When that fails, `takeoverFailed` is
    /// next.
    case listen
    /// Say that this server serves.
    case announce
    /// Start a successor. When that fails, `successorIsGone` is next.
    case startSuccessor
    /// Don't start one; the reason is for the log.
    case refuseSuccessor(reason: String)
    /// Say that a successor has to wait until the predecessor has ended.
    case delaySuccessor
    /// End the successor, unless it serves.
    case cancelSuccessor
    /// Let go of the successor, which has gone.
    case forgetSuccessor
    /// Say that this server serves on.
    case announceAgain
    /// Send everybody to the successor, which is this process.
    case leave(to: Int32)
    /// Accept no more, and send everybody away.
    case drain
    /// Cut what is left.
    case endLoop
    /// Read the settings anew. When that has ended, `settingsWereRead` is next.
    case readSettings
    /// Have the successor read its settings anew.
    case tellSuccessorToRead
  }

  /// The server that this one takes over from.
  private enum Before {
    case none
    /// It passes on what it is asked, and is answered through this server.
    case there
    /// The same. A successor of this server is wanted, and has to wait for its end.
    case keepsSuccessorWaiting
  }

  /// A reading of the settings, on another thread.
  private enum Reading {
    case none
    case running
    /// The settings have changed since it began.
    case runningBeforeAnother
  }

  private(set) var phase: Phase
  private var predecessor: Before
  private var hasSuccessor = false
  private var reading = Reading.none
  /// This server has served, so that it has a history to leave.
  private(set) var hasServed = false

  /// There is a program to start as a successor.
  private let canStartSuccessor: Bool

  /// - Parameters:
  ///   - hasPredecessor: this server takes over from another.
  ///   - canStartSuccessor: there is a program to start.
  init(hasPredecessor: Bool, canStartSuccessor: Bool) {
    phase = hasPredecessor ? .waiting : .serving
    predecessor = hasPredecessor ? .there : .none
    self.canStartSuccessor = canStartSuccessor
  }

  /// Why it has failed; nil: it hasn't.
  var failure: String? { if case .failed(let reason) = phase { reason } else { nil } }

  // MARK: Beginning

  /// Everything is made.
  mutating func begin() -> [Action] {
    guard predecessor == .none else { return [.awaitPredecessor] }
    hasServed = true
    return [.announce]
  }

  /// The predecessor tells this server to serve.
  mutating func predecessorHandsOver() -> [Action] {
    switch phase {
    case .waiting:
      phase = .serving
      return [.listen]
    case .stopping: return takeoverFailed("this server is already stopping")
    case .serving, .handingOver, .leaving, .failed: return []
    }
  }

  /// This server listens where its predecessor did.
  mutating func isListening() { hasServed = true }

  /// There is nothing to take over, or it can't be, or the predecessor speaks another language.
  mutating func takeoverFailed(_ reason: String) -> [Action] {
    if failure == nil { phase = .failed(reason: reason) }
    return [.endLoop]
  }

  /// Messages can't be exchanged, and never will be.
  mutating func backplaneHasFailed(_ reason: String) -> [Action] {
    switch phase {
    case .waiting: return takeoverFailed(reason)
    case .leaving, .stopping, .failed: return []
    case .serving, .handingOver:
      phase = .failed(reason: reason)
      return (hasSuccessor ? [.cancelSuccessor] : []) + [.endLoop]
    }
  }

  /// The predecessor has ended.
  mutating func predecessorIsGone() -> [Action] {
    if phase == .waiting { return takeoverFailed("the running server is gone") }
    let isWanted = predecessor == .keepsSuccessorWaiting
    predecessor = .none
    return isWanted ? successorIsWanted() : []
  }

  // MARK: Being taken over

  /// Somebody asks for a successor.
  mutating func successorIsWanted() -> [Action] {
    switch phase {
    case .waiting, .failed: return [.refuseSuccessor(reason: "this server does not serve yet")]
    case .handingOver: return [.refuseSuccessor(reason: "a takeover is already running")]
    case .leaving, .stopping:
      return [.refuseSuccessor(reason: "this server is stopping or has been taken over")]
    case .serving: break
    }
    guard predecessor == .none else {
      predecessor = .keepsSuccessorWaiting
      return [.delaySuccessor]
    }
    guard canStartSuccessor else {
      return [.refuseSuccessor(reason: "no program is set for the successor")]
    }
    phase = .handingOver
    hasSuccessor = true
    return [.startSuccessor]
  }

  /// There is no successor after all.
  mutating func successorIsGone() -> [Action] {
    hasSuccessor = false
    guard phase == .handingOver else { return [.forgetSuccessor] }
    phase = .serving
    return [.forgetSuccessor, .announceAgain]
  }

  /// The successor serves, as this process.
  mutating func successorServes(_ process: Int32) -> [Action] {
    // One that was told to stop ends its successor as well.
    guard phase == .handingOver else { return [] }
    phase = .leaving
    return [.leave(to: process)]
  }

  // MARK: Ending

  /// All listeners are gone, or the time for that is over.
  func drainIsOver() -> [Action] { [.endLoop] }

  /// It is told to stop. The second time cuts what is left.
  mutating func stop() -> [Action] {
    switch phase {
    case .stopping, .failed: return [.endLoop]
    // It ends soon: those who are sent to the successor need not be cut.
    case .leaving:
      phase = .stopping
      return []
    case .handingOver:
      phase = .stopping
      return [.cancelSuccessor, .drain]
    case .waiting, .serving:
      phase = .stopping
      return [.drain]
    }
  }

  // MARK: Reloading

  /// The settings have changed.
  mutating func settingsHaveChanged() -> [Action] {
    // It may have read them before.
    let telling: [Action] = hasSuccessor ? [.tellSuccessorToRead] : []
    guard reading == .none else {
      reading = .runningBeforeAnother
      return telling
    }
    reading = .running
    return telling + [.readSettings]
  }

  /// They were read, or couldn't be.
  mutating func settingsWereRead() -> [Action] {
    let isStale = reading == .runningBeforeAnother
    reading = isStale ? .running : .none
    return isStale ? [.readSettings] : []
  }
}
