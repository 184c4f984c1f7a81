/// An answer that ends: status, header fields and a body.
package struct HTTPResponse: Sendable {
  package var status: HTTPStatus
  /// Without `Content-Length`, `Date` and `Connection`, which are the server's.
  package var headers: HTTPHeaders
  package var body: [UInt8] { didSet { length = body.count } }
  /// What `Content-Length` says; nil leaves it out, for the head of an answer without an end.
  package var length: Int?
  /// Whether the connection ends with this answer.
  package var closesConnection = false

  package init(_ status: HTTPStatus, headers: HTTPHeaders = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
    length = body.count
  }
}

/// A status code with the phrase that goes with it (RFC 9110, section 15; RFC 6585).
package struct HTTPStatus: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let ok = HTTPStatus(rawValue: 200)
  package static let noContent = HTTPStatus(rawValue: 204)
  package static let found = HTTPStatus(rawValue: 302)
  package static let seeOther = HTTPStatus(rawValue: 303)
  package static let notModified = HTTPStatus(rawValue: 304)
  package static let badRequest = HTTPStatus(rawValue: 400)
  package static let forbidden = HTTPStatus(rawValue: 403)
  package static let notFound = HTTPStatus(rawValue: 404)
  package static let methodNotAllowed = HTTPStatus(rawValue: 405)
  package static let requestTimeout = HTTPStatus(rawValue: 408)
  package static let lengthRequired = HTTPStatus(rawValue: 411)
  package static let contentTooLarge = HTTPStatus(rawValue: 413)
  package static let uriTooLong = HTTPStatus(rawValue: 414)
  package static let unsupportedMediaType = HTTPStatus(rawValue: 415)
  package static let expectationFailed = HTTPStatus(rawValue: 417)
  package static let tooManyRequests = HTTPStatus(rawValue: 429)
  package static let headerFieldsTooLarge = HTTPStatus(rawValue: 431)
  package static let internalServerError = HTTPStatus(rawValue: 500)
  package static let notImplemented = HTTPStatus(rawValue: 501)
  package static let serviceUnavailable = HTTPStatus(rawValue: 503)
  package static let gatewayTimeout = HTTPStatus(rawValue: 504)
  package static let versionNotSupported = HTTPStatus(rawValue: 505)

  package var phrase: String {
    switch rawValue {
    case 200: "OK"
    case 204: "No Content"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 411: "Length Required"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }

  /// Whether an answer with this status may have a body (RFC 9110, 6.4.1).
  package var hasBody: Bool { rawValue != 204 && rawValue != 304 }
}
