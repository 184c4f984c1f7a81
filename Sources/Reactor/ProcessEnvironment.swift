internal import CReactor
internal import Glibc

/// The environment that the process was started with.
package enum ProcessEnvironment {
  package static func value(of name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// The names of all variables.
  package static var names: [String] {
    var names: [String] = []
    var next = unsafe belfry_environ()
    while let entry = unsafe next?.pointee {
      let text = unsafe String(cString: entry)
      names.append(String(text.prefix { $0 != "=" }))
      unsafe next = unsafe next.map { unsafe $0 + 1 }
    }
    return names
  }
}
