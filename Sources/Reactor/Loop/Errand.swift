internal import CReactor
internal import Glibc

/// Work that may block, such as reading a file, done by a short-lived thread of its own for a loop that
/// must not.
package enum Errand {
  /// Has a thread do `work`, and the loop's thread then take its result.
  ///
  /// - Parameters:
  ///   - remote: a door to that loop. When the loop has ended by then, nothing more happens.
  ///   - work: gets no signals: those are for the loop's thread.
  ///   - take: is called on the loop's thread. What it holds must be held by others too, or weakly: the
  ///     thread may be the last to let go of it.
  /// - Throws: when there is no thread to be had; nothing is called then.
  package static func send<Result: Sendable>(
    _ remote: Remote, _ work: @escaping @Sendable () -> Result, take: @escaping (Result) -> Void
  ) throws(ReactorError) {
    let carried = Carried(take: take)
    let body = Body {
      let result = work()
      remote.execute { carried.take(result) }
    }
    let context = unsafe Unmanaged.passRetained(body)
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      unsafe context.release()
      throw ReactorError(function: "pthread_create", detail: "starting a thread", code: status)
    }
    pthread_detach(thread)
  }

  /// Called on the loop's thread alone, where it was made.
  private struct Carried<Result>: @unchecked Sendable {
    let take: (Result) -> Void
  }

  private final class Body {
    private let work: () -> Void
    init(_ work: @escaping () -> Void) { self.work = work }

    func run() {
      var all = sigset_t()
      unsafe sigfillset(&all)
      unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
      work()
    }
  }
}
