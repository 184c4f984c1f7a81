import Foundation
import TestSupport

/// A Unix socket whose connections get, one after the other, exactly the bytes that a test says; removed
/// with the test.
final class CannedServer {
  private let path: String
  private let listener: Int32

  init(_ path: String) throws {
    self.path = path
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    var limit = timeval(tv_sec: Client.patience, tv_usec: 0)
    unsafe setsockopt(
      listener, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard bound == 0, listen(listener, 16) == 0 else {
      throw Client.Failure(description: "no socket at \(path)")
    }
  }

  deinit {
    close(listener)
    unsafe unlink(path)
  }

  /// Takes the next connection, sends it `text` when its request's head has come, and closes it.
  ///
  /// - Returns: that head.
  func answer(_ text: String) throws -> String {
    let connection = accept(listener, nil, nil)
    guard connection >= 0 else { throw Client.Failure(description: "nobody came") }
    defer { close(connection) }
    var head: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
      let count = unsafe recv(connection, &block, block.count, 0)
      guard count > 0 else { throw Client.Failure(description: "no head") }
      head += block[..<count]
    }
    let bytes = Array(text.utf8)
    guard unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw Client.Failure(description: "not sent")
    }
    return String(decoding: head, as: UTF8.self)
  }
}
