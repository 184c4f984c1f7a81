internal import CTestSupport
import Foundation

/// A program that a test has started; killed with this object.
///
/// Foundation's `Process` reads past the end of its list of open descriptors, and crashes, while this
/// process has more than about 1,360 of them: tests with a thousand clients do. The C functions are
/// `posix_spawn` and `waitpid`.
public final class ChildProcess {
  /// How a program ended.
  public enum Ending: Equatable, Sendable {
    case exited(status: Int32)
    case killed(signal: Int32)
  }

  public let processIdentifier: Int32
  private var known: Ending?

  /// - Parameters:
  ///   - program: its path.
  ///   - arguments: without its name.
  ///   - environment: what is added to this process's own.
  ///   - input: becomes its standard input; nil for `/dev/null`.
  ///   - output: the file that gets its standard output and error; nil for `/dev/null`.
  public init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    input: String? = nil, output: String? = nil
  ) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 1, output ?? "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Other tests' sockets and pipes, which would stay open with it.
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // As a shell would start it: a group of its own, no signal blocked, none ignored.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var process: pid_t = 0
    let status = unsafe Self.withCStrings([program] + arguments) { arguments in
      unsafe Self.withCStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
        unsafe posix_spawn(&process, program, &actions, &attributes, arguments, variables)
      }
    }
    guard status == 0 else {
      throw Client.Failure(
        description: "starting \(program): \(unsafe String(cString: strerror(status)))")
    }
    processIdentifier = process
  }

  deinit {
    send(SIGKILL)
    wait(0)
  }

  /// How it ended; nil while it runs.
  public var ending: Ending? {
    wait(WNOHANG)
    return known
  }

  public var isRunning: Bool { ending == nil }

  /// Its status, or as in a shell 128 and the signal that killed it; nil while it runs.
  public var status: Int32? {
    switch ending {
    case .exited(let status): status
    case .killed(let signal): 128 + signal
    case nil: nil
    }
  }

  /// Sends it a signal, unless it has ended: its number may be another's then.
  public func send(_ signal: Int32) {
    if isRunning { kill(processIdentifier, signal) }
  }

  /// Waits until it has ended, for as long as a client would wait.
  public func end() -> Bool { eventually { !isRunning } }

  private func wait(_ options: Int32) {
    guard known == nil else { return }
    var status: Int32 = 0
    while true {
      let found = unsafe waitpid(processIdentifier, &status, options)
      if found == processIdentifier { break }
      if found == 0 { return }
      precondition(errno == EINTR, "a test's child was waited for by somebody else")
    }
    let signal = status & 0x7F
    known = signal == 0 ? .exited(status: status >> 8 & 0xFF) : .killed(signal: signal)
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
