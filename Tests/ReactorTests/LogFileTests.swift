import Glibc
import Reactor
import TestSupport
import Testing

@Suite struct LogFileTests {
  /// A path where nothing is; what comes to be there is removed with this object.
  private final class Place {
    let path = "/tmp/belfry-\(UInt64.random(in: 0...UInt64.max)).log"
    deinit { unsafe unlink(path) }

    /// What is in the file; nil: there is none.
    var text: String? {
      (try? File.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  private func move(_ path: String, to other: String) -> Bool { unsafe rename(path, other) == 0 }
  private func makeDirectory(_ path: String) -> Bool { unsafe mkdir(path, 0o700) == 0 }
  private func removeDirectory(_ path: String) -> Bool { unsafe rmdir(path) == 0 }
  private func makePipe(_ path: String) -> Bool { unsafe mkfifo(path, 0o600) == 0 }

  private func lines(_ numbers: Range<Int>) -> String { numbers.map { "line \($0)\n" }.joined() }

  private func write(_ numbers: Range<Int>, to file: LogFile) {
    for number in numbers { file.write("line \(number)".utf8) }
  }

  @Test func `lines are appended to what is in the file`() throws {
    let place = Place()
    for part in 0..<2 {
      let file = try LogFile(place.path) { _ in }
      write(part * 1000..<(part + 1) * 1000, to: file)
      file.close()
    }
    #expect(place.text == lines(0..<2000))
  }

  @Test func `a line is cut at its greatest length, and stays a line`() throws {
    let place = Place()
    let file = try LogFile(place.path) { _ in }
    file.write([UInt8](repeating: UInt8(ascii: "x"), count: 10_000))
    file.close()
    #expect(
      place.text == String(repeating: "x", count: LogFile.maximumLineBytes) + "\n")
  }

  @Test func `reopened while lines come it loses none, and each is in one of the two files`() throws
  {
    let (place, renamed) = (Place(), Place())
    let done = Channel<ReactorError?>()
    let file = try LogFile(place.path) { done.send($0) }
    write(0..<500, to: file)
    #expect(eventually { place.text?.isEmpty == false })
    #expect(move(place.path, to: renamed.path))
    write(500..<1000, to: file)
    file.reopen()
    write(1000..<1500, to: file)
    let error = done.receive()
    #expect(error == nil)
    write(1500..<2000, to: file)
    file.close()
    let (first, second) = try (#require(renamed.text), #require(place.text))
    #expect(first + second == lines(0..<2000))
    #expect(first.hasPrefix("line 0\n") && second.hasSuffix("line 1999\n"))
    #expect(second.contains("line 1500\n"))
    #expect(file.takeLoss() == nil)
  }

  @Test func `when it can't be opened again the old file is kept, and somebody is told`() throws {
    let (directory, renamed) = (Place(), Place())
    #expect(makeDirectory(directory.path))
    let path = directory.path + "/log"
    let done = Channel<ReactorError?>()
    let file = try LogFile(path) { done.send($0) }
    write(0..<10, to: file)
    #expect(move(path, to: renamed.path))
    #expect(removeDirectory(directory.path))
    file.reopen()
    let error = done.receive()
    #expect(error?.description.contains(path) == true && error?.code == ENOENT)
    write(10..<20, to: file)
    file.close()
    #expect(renamed.text == lines(0..<20))
  }

  @Test func `two may append to one file, and no line is torn`() throws {
    let place = Place()
    let files = try (0..<2).map { _ in try LogFile(place.path) { _ in } }
    let tail = String(repeating: "x", count: 300)
    for number in 0..<2000 {
      for (index, file) in files.enumerated() { file.write("\(index) \(number) \(tail)".utf8) }
    }
    for file in files { file.close() }
    let found = try #require(place.text).split(separator: "\n").map(String.init)
    for index in 0..<2 {
      #expect(
        found.filter { $0.hasPrefix("\(index)") } == (0..<2000).map { "\(index) \($0) \(tail)" })
    }
    #expect(found.count == 4000)
  }

  @Test func `lines that a full disk does not take are counted, with the reason`() throws {
    let file = try LogFile("/dev/full") { _ in }
    write(0..<100, to: file)
    var losses: [LogFile.Loss] = []
    let came = eventually {
      if let loss = file.takeLoss() { losses.append(loss) }
      return losses.reduce(0) { $0 + $1.lines } >= 100
    }
    #expect(came && losses.reduce(0) { $0 + $1.lines } == 100)
    #expect(losses.allSatisfy { $0.reason == "No space left on device" })
    file.close()
    #expect(file.takeLoss() == nil)
  }

  @Test func `what is lost at the very end is counted too`() throws {
    let file = try LogFile("/dev/full") { _ in }
    write(0..<10, to: file)
    file.close()
    let loss = try #require(file.takeLoss())
    #expect(loss.lines == 10 && loss.reason == "No space left on device")
    #expect(file.takeLoss() == nil)
  }

  @Test func `a reader that takes nothing stops nobody, and the lines lost are counted`() throws {
    let place = Place()
    #expect(makePipe(place.path))
    let source = unsafe open(place.path, O_RDONLY | O_NONBLOCK)
    let file = try LogFile(place.path) { _ in }
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4000)
    for _ in 0..<2000 { file.write(line) }
    let loss = try #require(file.takeLoss())
    #expect(loss.lines > 1000 && loss.reason == "not written in time")
    #expect(file.takeLoss() == nil)
    // Ends the thread's wait.
    close(source)
    file.close()
  }

  @Test func `lines may be allowed to wait for room, for a while over all of them`() throws {
    let place = Place()
    let file = try LogFile(place.path) { _ in }
    file.allowWaiting(for: .seconds(20))
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4000)
    for _ in 0..<500 { file.write(line) }
    file.close(waitingFor: .seconds(20))
    #expect(file.takeLoss() == nil)
    #expect(place.text?.utf8.count == 500 * 4001)
  }

  @Test func `what can't be opened is named`() {
    #expect(throws: ReactorError.self) { try LogFile("/nonexistent/log") { _ in } }
  }
}
