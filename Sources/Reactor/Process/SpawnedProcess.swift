internal import CReactor
internal import Glibc

/// Another process that this one has started, and its end.
///
/// It goes on when this object is let go, and when this process ends. The C functions are `posix_spawnp`,
/// `pidfd_open` and `waitpid`.
package final class SpawnedProcess {
  package let processID: Int32
  private let descriptor: Int32
  private let onExit: (_ reason: String) -> Void
  private var watch: LoopEvent?

  /// The first descriptor that a process is handed beside the standard ones.
  package static let firstDescriptor: Int32 = 3
  /// How many descriptors can be handed on.
  package static let maximumDescriptors = 61

  /// Starts a program. The loop waits for that no longer than the kernel needs to replace the child's
  /// memory, which it does not copy: 0.8 ms with 15,000 descriptors open (Tests/system/test_restarts.py
  /// prints it).
  ///
  /// - Parameters:
  ///   - program: its path, or a name that is looked for in PATH.
  ///   - arguments: its name first.
  ///   - environment: `NAME=VALUE`.
  ///   - descriptors: they become 3, 4, … there; it gets the standard ones too, and no others that are
  ///     marked to be closed.
  ///   - onExit: called on the loop when it has ended, unless this object is gone by then.
  package init(
    _ program: String, arguments: [String], environment: [String], descriptors: [Int32],
    on loop: EventLoop, onExit: @escaping (_ reason: String) -> Void
  ) throws(ReactorError) {
    let detail = "starting \(program)"
    guard descriptors.count <= Self.maximumDescriptors else {
      throw ReactorError(function: "posix_spawn", detail: detail, code: EMFILE)
    }
    // First moved above those they become, so that none is overwritten before it was handed on.
    let transit = Self.firstDescriptor + Int32(descriptors.count)
    var moved: [Int32] = []
    defer { for descriptor in moved { close(descriptor) } }
    for descriptor in descriptors {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, transit)
      guard copy >= 0 else { throw .fromErrno("fcntl", detail) }
      moved.append(copy)
    }
    let (status, process) = Self.spawn(program, arguments, environment, moved)
    guard status == 0 else {
      throw ReactorError(function: "posix_spawn", detail: detail, code: status)
    }
    processID = process
    self.onExit = onExit
    descriptor = pidfd_open(process, 0)
    guard descriptor >= 0 else {
      let error = ReactorError.fromErrno("pidfd_open", detail)
      Self.end(process)
      throw error
    }
    do throws(ReactorError) {
      watch = try LoopEvent(on: loop, readable: descriptor) { [weak self] in self?.exited() }
    } catch {
      close(descriptor)
      Self.end(process)
      throw error
    }
  }

  deinit {
    watch = nil
    close(descriptor)
  }

  /// Ends it at once (SIGKILL); `onExit` follows.
  package func kill() { send(Signal(rawValue: SIGKILL)) }

  package func send(_ signal: Signal) {
    // Watched means not yet waited for: its number is nobody else's.
    if watch != nil { _ = Glibc.kill(processID, signal.rawValue) }
  }

  private func exited() {
    var status: Int32 = 0
    guard unsafe waitpid(processID, &status, WNOHANG) == processID else { return }
    watch = nil
    let signal = status & 0x7F
    onExit(signal == 0 ? "exited with status \(status >> 8 & 0xFF)" : "killed by signal \(signal)")
  }

  /// Of one that can't be watched: nothing of it shall stay.
  private static func end(_ process: Int32) {
    _ = Glibc.kill(process, SIGKILL)
    while waitpid(process, nil, 0) < 0, errno == EINTR {}
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String], _ descriptors: [Int32]
  ) -> (status: Int32, process: pid_t) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (place, descriptor) in descriptors.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(
        &actions, descriptor, firstDescriptor + Int32(place))
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // What is blocked or ignored here would be there too.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var process: pid_t = 0
    let status = unsafe withCStrings(arguments) { arguments in
      unsafe withCStrings(environment) { environment in
        unsafe posix_spawnp(&process, program, &actions, &attributes, arguments, environment)
      }
    }
    return (status, process)
  }

  /// Lends a list of C strings that ends with NULL.
  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var strings = unsafe texts.map { unsafe strdup($0) }
    unsafe strings.append(nil)
    defer { for place in unsafe strings.indices { unsafe free(strings[place]) } }
    return unsafe strings.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
  }
}
