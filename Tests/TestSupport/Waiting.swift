import Glibc

/// Asks again and again until `condition` holds, for as long as a client would wait.
///
/// - Returns: whether it came to hold.
public func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  let end = ContinuousClock.now + .seconds(Client.patience)
  while ContinuousClock.now < end {
    if try condition() { return true }
    // Between two looks: what is waited for is the condition.
    usleep(2000)
  }
  return false
}

/// Carries a value to another thread. Whoever uses it sees to it that only one thread does at a time.
public struct Carried<Value>: @unchecked Sendable {
  public let value: Value
  public init(_ value: Value) { self.value = value }
}

/// A thread that runs `body` and can be waited for.
public final class RunningThread {
  private var thread = pthread_t()

  public init(_ body: @escaping @Sendable () -> Void) {
    let context = unsafe Unmanaged.passRetained(Body(run: body)).toOpaque()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
    precondition(status == 0, "no thread for the test")
  }

  public func join() { pthread_join(thread, nil) }

  private final class Body {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// Hands one value from one thread to another.
@safe public final class Channel<Value: Sendable>: @unchecked Sendable {
  // Every use of `value` is under `mutex`.
  private var value: Value?
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  public init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  public func send(_ value: Value) {
    unsafe pthread_mutex_lock(mutex)
    self.value = value
    unsafe pthread_cond_signal(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Waits for the value; for good, if nobody sends it.
  public func receive() -> Value {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while value == nil { unsafe pthread_cond_wait(condition, mutex) }
    // The loop ended because it is there.
    defer { value = nil }
    return value!
  }
}
