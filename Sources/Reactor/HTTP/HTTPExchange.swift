/// A request, and the one chance to answer it: with a response, or by taking the connection over as
/// a stream.
///
/// May be kept and answered in a later turn. Whoever lets go of it unanswered answers 500. When the
/// client has gone in the meantime, an answer goes nowhere.
package final class HTTPExchange {
  package let request: HTTPRequest
  private var connection: HTTPConnection?

  init(_ request: HTTPRequest, connection: HTTPConnection) {
    self.request = request
    self.connection = connection
  }

  deinit { connection?.respond(HTTPResponse(.internalServerError)) }

  /// Sends a response; evhttp adds `Date`. The body is left out where the method or the status has
  /// none, and `Content-Length` still says how long it would be (RFC 9110, 9.3.2).
  package func respond(_ response: HTTPResponse) {
    let connection = connection
    self.connection = nil
    connection?.respond(response)
  }

  /// Takes the socket away from evhttp, to write a stream to it. Bytes that the client has sent
  /// behind its request are dropped.
  ///
  /// - Throws: when there is no descriptor left; the exchange can still be answered then. When the
  ///   client is gone.
  package func detach() throws(ReactorError) -> StreamSocket {
    guard let connection else {
      throw ReactorError(function: "detach", detail: "the client has disconnected")
    }
    let socket = try connection.detach()
    self.connection = nil
    return socket
  }

  /// The connection is gone: there is nobody to answer.
  func connectionClosed() { connection = nil }
}
