internal import Reactor

/// Asks the kernel about this process for a loop that must not wait for that: by a thread of its own,
/// one at a time.
final class ProcessSampler {
  private let remote: Remote
  private let door: LoopEvent
  /// Those who wait for the reading that is being made.
  private var waiting: [(ProcessFigures?) -> Void] = []
  /// Those who came after it began: it may not know of what they have seen.
  private var late: [(ProcessFigures?) -> Void] = []

  init(on loop: EventLoop) throws(ReactorError) { (remote, door) = try loop.makeRemote() }

  /// Calls `take` once, with figures that were read after this call, or with nil when they can't be had.
  func sample(_ take: @escaping (ProcessFigures?) -> Void) {
    guard waiting.isEmpty else { return late.append(take) }
    waiting = [take]
    begin()
  }

  private func begin() {
    do throws(ReactorError) {
      try Errand.send(remote) {
        try? ProcessFigures.read()
      } take: { [weak self] in
        self?.end($0)
      }
    } catch {
      end(nil)
    }
  }

  private func end(_ figures: ProcessFigures?) {
    let taking = waiting
    (waiting, late) = (late, [])
    for take in taking { take(figures) }
    if !waiting.isEmpty { begin() }
  }
}
