internal import Synchronization

/// Writes lines to a descriptor from a thread of its own, so that whoever logs never waits.
///
/// A line that finds the queue full is counted and left out, and the next one that fits says how many
/// were.
package final class LineWriter: Sendable {
  private let queue: LineQueue
  private let dropped = Atomic<Int>(0)

  /// - Parameter descriptor: where the lines go; 2 is standard error. It stays open.
  package init(to descriptor: Int32) throws(ReactorError) {
    queue = try LineQueue(to: .descriptor(descriptor))
  }

  /// Puts a line down for writing; from any thread. A line over 4 KiB is cut.
  package func write(_ line: String) {
    let lost = dropped.load(ordering: .relaxed)
    if lost > 0, queue.put("\(lost) log lines dropped: the reader of the log was too slow".utf8) {
      dropped.subtract(lost, ordering: .relaxed)
    }
    if !queue.put(line.utf8) { dropped.add(1, ordering: .relaxed) }
  }

  /// Writes what is queued, for at most `limit`; nothing may be written afterwards.
  package func close(waitingFor limit: Duration = .seconds(1)) { queue.close(waitingFor: limit) }
}
