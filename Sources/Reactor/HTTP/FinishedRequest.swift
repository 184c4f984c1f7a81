/// A request that has ended, for whoever keeps a record of them.
package struct FinishedRequest: Sendable {
  package let peer: Peer
  /// nil when it could not be read.
  package let head: RequestHead?
  /// Its first line as its client sent it, as far as it came, without its end.
  package let line: [UInt8]
  /// nil when the client was gone before there was an answer.
  package let status: HTTPStatus?
  /// Bytes of the answer's body that were handed to the kernel.
  package let bodyBytes: Int
  /// From its first byte to the last of its answer.
  package let duration: Duration

  package init(
    peer: Peer, head: RequestHead?, line: [UInt8], status: HTTPStatus?, bodyBytes: Int,
    duration: Duration
  ) {
    self.peer = peer
    self.head = head
    self.line = line
    self.status = status
    self.bodyBytes = bodyBytes
    self.duration = duration
  }
}
