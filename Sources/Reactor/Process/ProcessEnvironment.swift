internal import CReactor
internal import Glibc

/// The environment that the process was started with.
package enum ProcessEnvironment {
  package static func value(of name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// The names of all variables.
  package static var names: [String] { entries.map { String($0.prefix { $0 != "=" }) } }

  /// All variables, as `NAME=VALUE`.
  package static var entries: [String] {
    var entries: [String] = []
    var next = unsafe belfry_environ()
    while let entry = unsafe next?.pointee {
      entries.append(unsafe String(cString: entry))
      unsafe next = unsafe next.map { unsafe $0 + 1 }
    }
    return entries
  }

  /// The number of this process.
  package static var processID: Int32 { getpid() }
}
