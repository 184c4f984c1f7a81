import Glibc

/// A client that says exactly the bytes it is told to, over a blocking socket with a deadline.
public final class Client {
  /// No answer within this time is a failure: it bounds every wait of every test.
  public static let patience = 20

  private let descriptor: Int32
  private var pending: [UInt8] = []
  private var isOpen = true

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
  }

  /// Connects to a port of the IPv6 loopback address, or of the other.
  public convenience init(port: UInt16, isIPv6: Bool) throws {
    guard isIPv6 else {
      try self.init(port: port)
      return
    }
    try self.init(socket: socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    address.sin6_addr = in6addr_loopback
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
      }
    }
    guard status == 0 else { throw failure("connect") }
  }

  private init(socket: Int32) throws {
    descriptor = socket
    setTimeouts()
  }

  /// Connects to a port of the loopback address, or to a Unix socket.
  ///
  /// - Parameters:
  ///   - receiveBuffer: bytes the kernel may hold for us; small ones make a slow reader.
  ///   - source: the last byte of our own address in 127.0.0.0/24.
  public init(port: UInt16, receiveBuffer: Int32? = nil, source: UInt8 = 1) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    if var receiveBuffer {
      unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    setTimeouts()
    if source != 1 {
      var own = address
      own.sin_port = 0
      unsafe inet_pton(AF_INET, "127.0.0.\(source)", &own.sin_addr)
      guard unsafe Self.withAddress(&own, { unsafe bind(descriptor, $0, $1) }) == 0 else {
        throw failure("bind")
      }
    }
    guard unsafe Self.withAddress(&address, { unsafe connect(descriptor, $0, $1) }) == 0 else {
      throw failure("connect")
    }
  }

  private static func withAddress(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  public init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    setTimeouts()
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { throw failure("connect") }
  }

  deinit { close() }

  private func setTimeouts() {
    var limit = timeval(tv_sec: Client.patience, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(
        descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  private func failure(_ function: String) -> Failure {
    Failure(description: "\(function): \(unsafe String(cString: strerror(errno)))")
  }

  // MARK: Sending

  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  public func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw failure("send") }
      sent += count
    }
  }

  /// Sends FIN and goes on reading.
  public func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  public func close() {
    guard isOpen else { return }
    isOpen = false
    Glibc.close(descriptor)
  }

  /// Ends the connection with RST.
  public func reset() {
    var hard = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  // MARK: Receiving

  /// Some more bytes; empty at the end.
  public func receive() throws -> [UInt8] {
    if !pending.isEmpty {
      defer { pending = [] }
      return pending
    }
    var block = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe recv(descriptor, &block, block.count, 0)
    guard count >= 0 else {
      if errno == ECONNRESET { return [] }
      throw failure("recv")
    }
    return Array(block[..<count])
  }

  /// Reads until what has come satisfies `condition`; what is read stays read.
  public func receive(until condition: ([UInt8]) -> Bool) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while !condition(bytes) {
      let more = try receive()
      guard !more.isEmpty else {
        throw Failure(
          description: "ended after \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      }
      bytes += more
    }
    return bytes
  }

  public func receive(until text: String) throws -> String {
    String(
      decoding: try receive { String(decoding: $0, as: UTF8.self).contains(text) }, as: UTF8.self)
  }

  /// Reads to the end.
  public func receiveAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let more = try receive()
      if more.isEmpty { return bytes }
      bytes += more
    }
  }

  /// Reads one answer: a head, and as many bytes as its Content-Length says, or all to the end.
  public func response(toHead: Bool = false) throws -> Response {
    var bytes: [UInt8] = []
    let end = Array("\r\n\r\n".utf8)
    while bytes.firstRange(of: end) == nil {
      let more = try receive()
      guard !more.isEmpty else {
        throw Failure(
          description: "no head in \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      }
      bytes += more
    }
    // The loop ended because it is there.
    let headEnd = bytes.firstRange(of: end)!.upperBound
    var response = Response(head: String(decoding: bytes[..<headEnd], as: UTF8.self))
    var body = Array(bytes[headEnd...])
    let hasNone = toHead || response.status == 204 || response.status == 304
    if let length = hasNone ? 0 : response["Content-Length"].flatMap(Int.init) {
      while body.count < length {
        let more = try receive()
        guard !more.isEmpty else { throw Failure(description: "the body ended early") }
        body += more
      }
      pending = Array(body[length...])
      body = Array(body[..<length])
    } else {
      body += try receiveAll()
    }
    response.body = body
    return response
  }
}

/// An answer as it came.
public struct Response {
  public let head: String
  public var body: [UInt8] = []

  public init(head: String) { self.head = head }

  public var status: Int { Int(head.split(separator: " ")[1]) ?? 0 }
  public var text: String { String(decoding: body, as: UTF8.self) }

  public subscript(name: String) -> String? { all(name).first }

  public func all(_ name: String) -> [String] {
    head.split(separator: "\r\n").dropFirst().compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
      return String(parts[1].drop { $0 == " " })
    }
  }
}

extension [UInt8] {
  /// Where `other` stands first.
  public func firstRange(of other: [UInt8]) -> Range<Int>? {
    guard !other.isEmpty, count >= other.count else { return nil }
    for start in 0...(count - other.count) where self[start..<start + other.count] == other[...] {
      return start..<start + other.count
    }
    return nil
  }
}
