internal import Glibc

/// How many descriptors this process may hold (RLIMIT_NOFILE).
package enum DescriptorLimit {
  /// Raises the limit to what the process may set for itself, and returns what it is then.
  package static func raise() -> Int {
    var limit = rlimit()
    unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
    }
    unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }
}
