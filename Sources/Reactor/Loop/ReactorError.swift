internal import Glibc

/// A call to the kernel, libevent or hiredis that failed.
package struct ReactorError: Error, Equatable, CustomStringConvertible {
  /// The C function.
  package let function: String
  /// What it was asked to do.
  package let detail: String
  /// The kernel's `errno`; 0 where the function has none.
  package let code: Int32

  package init(function: String, detail: String, code: Int32 = 0) {
    self.function = function
    self.detail = detail
    self.code = code
  }

  /// Takes `errno` as it stands right after the call.
  static func fromErrno(_ function: String, _ detail: String) -> ReactorError {
    ReactorError(function: function, detail: detail, code: errno)
  }

  package var description: String {
    code == 0 ? "\(detail) (\(function))" : "\(detail): \(unsafe String(cString: strerror(code)))"
  }
}
