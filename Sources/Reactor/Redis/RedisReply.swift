internal import CReactor

/// What Redis answers (RESP2), or sends to a subscriber.
package enum RedisReply: Equatable, Sendable {
  /// Bytes, or the one line of a status.
  case string([UInt8])
  case integer(Int64)
  case array([RedisReply])
  case null
  /// A line that begins with a word in capitals: `NOSCRIPT No matching script.`
  case error(String)

  /// Copies a reply, which hiredis lends for one callback.
  init(copying reply: UnsafePointer<redisReply>) {
    let text = { unsafe UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len) }
    switch unsafe reply.pointee.type {
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .string(unsafe Array(text()))
    case REDIS_REPLY_INTEGER: self = .integer(unsafe reply.pointee.integer)
    case REDIS_REPLY_ERROR: self = .error(unsafe String(decoding: text(), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      self = .array(
        (0..<(unsafe reply.pointee.elements)).map { index in
          guard let element = unsafe reply.pointee.element[index] else { return .null }
          return unsafe RedisReply(copying: element)
        })
    default: self = .null
    }
  }

  package var bytes: [UInt8]? {
    if case .string(let bytes) = self { bytes } else { nil }
  }

  package var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  /// An integer, or a string that is one.
  package var number: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .string: text.flatMap { UInt64($0) }
    default: nil
    }
  }

  package var elements: [RedisReply]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The word that an error begins with.
  package var errorCode: String? {
    if case .error(let text) = self {
      text.split(separator: " ").first.map(String.init)
    } else {
      nil
    }
  }
}
