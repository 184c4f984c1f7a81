internal import CReactor
internal import Glibc

/// A port of the loopback address, for a program that must be told one: nobody else gets it while this
/// object is there.
///
/// A socket is bound to it and does not listen, so connections are refused. It sets SO_REUSEADDR, and a
/// program that does so too may listen there, end, and listen again: the kernel refuses that only while
/// another socket listens (`inet_csk_bind_conflict`), and gives the port to nobody who asks for any.
package final class ReservedPort {
  package let number: UInt16
  private let descriptor: Int32

  package init() throws(ReactorError) {
    let detail = "reserving a port"
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .fromErrno("socket", detail) }
    Socket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, size)
      }
    }
    let asked = ListenAddress.tcp(host: "127.0.0.1", port: 0)
    guard status == 0,
      case .tcp(_, let port) = Socket.boundAddress(of: descriptor, asked: asked)
    else {
      let error = ReactorError.fromErrno("bind", detail)
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    number = port
  }

  deinit { close(descriptor) }

  /// Whether somebody takes connections there. Blocks, for as long as connecting on one machine takes.
  package static func isTaken(_ port: UInt16) -> Bool {
    guard
      let address = try? ClientAddress(resolving: .tcp(host: "127.0.0.1", port: port))
    else { return false }
    return address.isAnswered(within: .seconds(1))
  }
}
