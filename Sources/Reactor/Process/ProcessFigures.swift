internal import Glibc

/// What the kernel says of this process.
package struct ProcessFigures: Sendable, Equatable {
  package var openDescriptors: Int
  /// The limit on them.
  package var maximumDescriptors: Int
  package var residentBytes: Int
  package var virtualBytes: Int
  /// Processor time of all threads so far.
  package var processorTime: Duration

  package init(
    openDescriptors: Int, maximumDescriptors: Int, residentBytes: Int, virtualBytes: Int,
    processorTime: Duration
  ) {
    self.openDescriptors = openDescriptors
    self.maximumDescriptors = maximumDescriptors
    self.residentBytes = residentBytes
    self.virtualBytes = virtualBytes
    self.processorTime = processorTime
  }

  /// Asks for them, which may block: `/proc/self/fd` is read to its end, one entry for each descriptor.
  ///
  /// - Throws: where there is no `/proc`.
  package static func read() throws(ReactorError) -> ProcessFigures {
    let pages = try File.read("/proc/self/statm").split(separator: UInt8(ascii: " "))
      .prefix(2).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    let pageBytes = sysconf(Int32(_SC_PAGESIZE))
    return ProcessFigures(
      openDescriptors: try countDescriptors(), maximumDescriptors: DescriptorLimit.value,
      residentBytes: (pages.last ?? 0) * pageBytes, virtualBytes: (pages.first ?? 0) * pageBytes,
      processorTime: .nanoseconds(Int64(MonotonicClock.processProcessorTime)))
  }

  private static func countDescriptors() throws(ReactorError) -> Int {
    let path = "/proc/self/fd"
    guard let directory = unsafe opendir(path) else {
      throw .fromErrno("opendir", "reading \(path)")
    }
    defer { unsafe closedir(directory) }
    var count = 0
    while let entry = unsafe readdir(directory) {
      if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    // Without the one it was read through.
    return count - 1
  }

  /// When the process was started, in seconds since 1970-01-01 00:00 UTC; it reads a file.
  ///
  /// - Throws: where there is no `/proc`.
  package static func startTime() throws(ReactorError) -> Double {
    let text = String(decoding: try File.read("/proc/self/stat"), as: UTF8.self)
    // The name of the program, the second field, may have blanks and parentheses in it (proc(5)).
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 20, let ticks = Double(fields[20]) else {
      throw ReactorError(function: "read", detail: "/proc/self/stat has no start time")
    }
    let sinceBoot = Double(MonotonicClock.sinceBoot) / 1e9
    return WallClock.preciseSeconds - (sinceBoot - ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
  }
}
