internal import CReactor
internal import Glibc

/// Descriptors 0, 1 and 2.
package enum StandardDescriptors {
  /// Puts /dev/null where the process was started without one: the next file opened would take its
  /// place, and get what is meant for standard error.
  package static func fill() {
    while true {
      let descriptor = unsafe open("/dev/null", O_RDWR)
      guard descriptor >= 0, descriptor <= 2 else {
        if descriptor > 2 { close(descriptor) }
        return
      }
    }
  }
}

/// Descriptors from 3 on.
package enum OtherDescriptors {
  /// Keeps what whoever started this process left open here from every process that this one starts:
  /// they might wait for its end (close_range(2)). A kernel before 5.11 can't.
  package static func keep() {
    _ = close_range(3, .max, Int32(belfry_CLOSE_RANGE_CLOEXEC))
  }
}

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
    return value
  }

  /// What the limit is.
  static var value: Int {
    var limit = rlimit()
    unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }
}
