import TestSupport
import Testing

@testable import BelfryServer

@Suite struct LifeCycleTests {
  private func first() -> LifeCycle {
    var life = LifeCycle(hasPredecessor: false, canStartSuccessor: true)
    #expect(life.begin() == [.announce])
    return life
  }

  private func second() -> LifeCycle {
    var life = LifeCycle(hasPredecessor: true, canStartSuccessor: true)
    #expect(life.begin() == [.awaitPredecessor])
    return life
  }

  @Test func `one that is told to stop drains, and is cut when it is told again`() {
    var life = first()
    #expect(life.hasServed)
    #expect(life.stop() == [.drain])
    #expect(life.phase == .stopping)
    #expect(life.stop() == [.endLoop])
    #expect(life.failure == nil)
  }

  @Test func `a successor that serves has everybody sent to it`() {
    var life = first()
    #expect(life.successorIsWanted() == [.startSuccessor])
    #expect(
      life.successorIsWanted() == [.refuseSuccessor(reason: "a takeover is already running")])
    #expect(life.successorServes(7) == [.leave(to: 7)])
    #expect(life.successorServes(7) == [])
    #expect(
      life.successorIsWanted()
        == [.refuseSuccessor(reason: "this server is stopping or has been taken over")])
    // Those who leave are not cut at the first word.
    #expect(life.stop() == [])
    #expect(life.stop() == [.endLoop])
  }

  @Test func `without a successor it serves on, and can try again`() {
    var life = first()
    _ = life.successorIsWanted()
    #expect(life.successorIsGone() == [.forgetSuccessor, .announceAgain])
    #expect(life.successorIsWanted() == [.startSuccessor])
  }

  @Test func `one that stops ends its successor, and does not say that it serves on`() {
    var life = first()
    _ = life.successorIsWanted()
    #expect(life.stop() == [.cancelSuccessor, .drain])
    #expect(life.successorServes(7) == [])
    #expect(life.successorIsGone() == [.forgetSuccessor])
    #expect(life.phase == .stopping)
  }

  @Test func `a server without a program starts none`() {
    var life = LifeCycle(hasPredecessor: false, canStartSuccessor: false)
    _ = life.begin()
    #expect(
      life.successorIsWanted()
        == [.refuseSuccessor(reason: "no program is set for the successor")])
    #expect(life.phase == .serving)
  }

  @Test func `one that takes over serves when it is told, and once`() {
    var life = second()
    #expect(!life.hasServed)
    #expect(
      life.successorIsWanted() == [.refuseSuccessor(reason: "this server does not serve yet")])
    #expect(life.predecessorHandsOver() == [.listen])
    #expect(!life.hasServed)
    life.isListening()
    #expect(life.hasServed && life.phase == .serving)
    #expect(life.predecessorHandsOver() == [])
  }

  @Test func `a successor waits for the end of the predecessor`() {
    var life = second()
    _ = life.predecessorHandsOver()
    #expect(life.successorIsWanted() == [.delaySuccessor])
    #expect(life.successorIsWanted() == [.delaySuccessor])
    #expect(life.predecessorIsGone() == [.startSuccessor])
    var content = second()
    _ = content.predecessorHandsOver()
    #expect(content.predecessorIsGone() == [])
    var stopping = second()
    _ = stopping.predecessorHandsOver()
    _ = stopping.successorIsWanted()
    _ = stopping.stop()
    #expect(
      stopping.predecessorIsGone()
        == [.refuseSuccessor(reason: "this server is stopping or has been taken over")])
  }

  @Test func `nothing to take over ends it, with the reason`() {
    var life = second()
    #expect(life.takeoverFailed("the running server is gone") == [.endLoop])
    #expect(life.failure == "the running server is gone")
    #expect(life.predecessorHandsOver() == [] && !life.hasServed)
    #expect(life.stop() == [.endLoop])
    #expect(life.takeoverFailed("another reason") == [.endLoop])
    #expect(life.failure == "the running server is gone")
  }

  @Test func `a predecessor that goes before it hands over ends it`() {
    var life = second()
    #expect(life.predecessorIsGone() == [.endLoop])
    #expect(life.failure == "the running server is gone")
  }

  @Test func `one whose messages can't be exchanged ends, whatever it is about to do`() {
    var waiting = second()
    #expect(waiting.backplaneHasFailed("old nodes") == [.endLoop])
    #expect(waiting.failure == "old nodes" && !waiting.hasServed)
    var serving = first()
    _ = serving.begin()
    var handingOver = serving
    #expect(serving.backplaneHasFailed("old nodes") == [.endLoop])
    #expect(serving.failure == "old nodes" && serving.hasServed)
    #expect(serving.backplaneHasFailed("again") == [])
    #expect(handingOver.successorIsWanted() == [.startSuccessor])
    #expect(handingOver.backplaneHasFailed("old nodes") == [.cancelSuccessor, .endLoop])
    var stopping = first()
    _ = stopping.stop()
    #expect(stopping.backplaneHasFailed("old nodes") == [] && stopping.failure == nil)
  }

  @Test func `one that can't listen has failed, and has not served`() {
    var life = second()
    _ = life.predecessorHandsOver()
    #expect(life.takeoverFailed("address in use") == [.endLoop])
    #expect(life.failure == "address in use")
    #expect(!life.hasServed)
  }

  @Test func `one that was stopped before it served takes nothing over`() {
    var life = second()
    #expect(life.stop() == [.drain])
    #expect(life.predecessorHandsOver() == [.endLoop])
    #expect(life.failure == "this server is already stopping" && !life.hasServed)
  }

  @Test func `settings are read once at a time, and again when they changed meanwhile`() {
    var life = first()
    #expect(life.settingsHaveChanged() == [.readSettings])
    #expect(life.settingsHaveChanged() == [])
    #expect(life.settingsHaveChanged() == [])
    #expect(life.settingsWereRead() == [.readSettings])
    #expect(life.settingsWereRead() == [])
    #expect(life.settingsHaveChanged() == [.readSettings])
  }

  @Test func `a successor reads its settings anew as well, also while it takes over`() {
    var life = first()
    _ = life.successorIsWanted()
    #expect(life.settingsHaveChanged() == [.tellSuccessorToRead, .readSettings])
    _ = life.successorServes(7)
    #expect(life.settingsHaveChanged() == [.tellSuccessorToRead])
    _ = life.settingsWereRead()
    _ = life.settingsWereRead()
    var alone = first()
    _ = alone.successorIsWanted()
    _ = alone.successorIsGone()
    #expect(alone.settingsHaveChanged() == [.readSettings])
  }

  /// Whatever happens in whatever order.
  @Test(arguments: 0..<200) func `there is one successor at a time, and one end`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let hasPredecessor = Bool.random(using: &random)
    var life = LifeCycle(hasPredecessor: hasPredecessor, canStartSuccessor: true)
    var done = life.begin()
    var (successors, readings, wasTold) = (0, 0, false)
    for _ in 0..<60 {
      let isEnding = [.leaving, .stopping].contains(life.phase) || life.failure != nil
      var now: [LifeCycle.Action] = []
      switch Int.random(in: 0..<9, using: &random) {
      case 0: now = life.predecessorHandsOver()
      case 1: now = life.predecessorIsGone()
      case 2: now = life.successorIsWanted()
      // Told by a successor that was started, and by no other.
      case 3 where successors > 0: now = life.successorServes(7)
      case 4 where successors > 0 && life.phase != .leaving:
        now = life.successorIsGone()
        successors -= 1
      case 5 where Int.random(in: 0..<9, using: &random) == 0:
        now = life.stop()
        #expect(!wasTold || now == [.endLoop])
        wasTold = true
      case 6: now = life.settingsHaveChanged()
      case 7 where readings > 0:
        readings -= 1
        now = life.settingsWereRead()
      case 8 where hasPredecessor && Int.random(in: 0..<30, using: &random) == 0:
        now = life.takeoverFailed("gone")
      default: break
      }
      successors += now.count(where: { $0 == .startSuccessor })
      readings += now.count(where: { $0 == .readSettings })
      #expect(successors <= 1 && readings <= 1)
      if isEnding { #expect(!now.contains(.startSuccessor) && !now.contains(.announceAgain)) }
      done += now
    }
    #expect(done.count(where: { $0 == .announce }) == (hasPredecessor ? 0 : 1))
    #expect(done.count(where: { $0 == .listen }) <= (hasPredecessor ? 1 : 0))
    #expect(done.count(where: { if case .leave = $0 { true } else { $0 == .drain } }) <= 1)
  }
}
