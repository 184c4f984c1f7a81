internal import Foundation

/// This program, as a file and as somebody in front of a terminal.
package enum Program {
  /// The language that it was compiled from.
  package static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #else
      "Swift 6.2"
    #endif
  }

  /// The running program's file.
  package static var path: String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
  }

  /// Whether standard error is a terminal.
  package static var hasTerminal: Bool { isatty(2) == 1 }

  package static func print(_ text: String, toError: Bool = false) {
    let handle = toError ? FileHandle.standardError : FileHandle.standardOutput
    // Nobody who closed it wants to hear that it is closed.
    try? handle.write(contentsOf: Data(text.utf8))
  }
}
