internal import CReactor
internal import Glibc

/// Lines that come through a descriptor, a pipe from another process most often.
package final class LineReader {
  private let descriptor: Int32
  private let onLine: ([UInt8]) -> Void
  private let onEnd: () -> Void
  private var kept: [UInt8] = []
  private var block = [UInt8](repeating: 0, count: 64 << 10)
  private var watch: LoopEvent?

  /// - Parameter descriptor: is read from while this object lives, and not closed by it.
  /// - Parameter onLine: gets each line without its LF; a last one without a LF is left out.
  /// - Parameter onEnd: is called once, when nothing more can come.
  package init(
    on loop: EventLoop, descriptor: Int32, onLine: @escaping ([UInt8]) -> Void,
    onEnd: @escaping () -> Void
  ) throws(ReactorError) {
    self.descriptor = descriptor
    self.onLine = onLine
    self.onEnd = onEnd
    watch = try LoopEvent(on: loop, readable: descriptor) { [unowned self] in take() }
  }

  private func take() {
    let count = unsafe read(descriptor, &block, block.count)
    guard count > 0 else {
      if count < 0, errno == EINTR || errno == EAGAIN { return }
      watch = nil
      onEnd()
      return
    }
    var start = 0
    while let feed = block[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
      kept += block[start..<feed]
      start = feed + 1
      let line = kept
      kept = []
      onLine(line)
    }
    kept += block[start..<count]
  }
}
