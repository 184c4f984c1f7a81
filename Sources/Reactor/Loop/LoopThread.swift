internal import Glibc

/// The thread that a loop belongs to: the one that made it, and from `run` on the one that runs it.
///
/// For assertions: debug builds trap where something of the loop is called from another thread. The C
/// functions are `pthread_self` and `pthread_equal`.
package final class LoopThread {
  private var owner = pthread_self()

  init() {}

  /// Whether the caller is on it.
  package var isCurrent: Bool { pthread_equal(owner, pthread_self()) != 0 }

  /// The calling thread runs the loop from now on.
  func adopt() { owner = pthread_self() }
}
