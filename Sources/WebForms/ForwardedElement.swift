internal import TextCoding

/// What one proxy says of the request it was sent: an element of the field `Forwarded` (RFC 7239,
/// section 4).
///
/// Quoted values are read as such, and parameters of other names passed over. An address with a colon
/// or brackets is also taken without the quotes that the grammar asks for, since many proxies leave
/// them out.
package struct ForwardedElement: Hashable, Sendable {
  /// `for`: who sent the request; an address with or without a port, `unknown` or a made-up name.
  package private(set) var node: String?
  /// `proto`: the scheme that was used.
  package private(set) var scheme: String?
  /// `host`: the `Host` that was sent.
  package private(set) var host: String?

  /// More than the proxies that a request passes; bounds the work that a client can make.
  package static let maximumElements = 32

  /// The elements of one field, in their order; nil when any part of it can't be read, since an open
  /// quote that a client wrote may swallow what a proxy wrote behind it, or when they are too many.
  package static func list(_ field: String) -> [ForwardedElement]? {
    var rest = Array(field.utf8)[...]
    var elements = [ForwardedElement()]
    while true {
      rest = rest.drop { $0.isBlank }
      if let next = rest.first, next != .semicolon, next != .comma {
        guard let (name, value) = takePair(&rest), elements[elements.count - 1].set(name, value)
        else { return nil }
      }
      guard let separator = rest.popFirst() else { return elements }
      switch separator {
      case .semicolon: break
      case .comma:
        guard elements.count < maximumElements else { return nil }
        elements.append(ForwardedElement())
      default: return nil
      }
    }
  }

  /// False when the parameter is there already, which would give it two meanings.
  private mutating func set(_ name: String, _ value: String) -> Bool {
    let place: WritableKeyPath<ForwardedElement, String?>
    switch name {
    case "for": place = \.node
    case "proto": place = \.scheme
    case "host": place = \.host
    default: return true
    }
    defer { self[keyPath: place] = value }
    return self[keyPath: place] == nil
  }

  /// A name in lower case and its value, with the blanks behind them.
  private static func takePair(_ rest: inout ArraySlice<UInt8>) -> (String, String)? {
    let name = rest.prefix { $0.isTokenCharacter }
    rest = rest.dropFirst(name.count)
    guard !name.isEmpty, rest.popFirst() == .equals, let value = takeValue(&rest) else {
      return nil
    }
    rest = rest.drop { $0.isBlank }
    return (String(decoding: name, as: UTF8.self).lowercased(), value)
  }

  private static func takeValue(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard rest.first == .quote else {
      let value = rest.prefix { $0.isTokenCharacter || [.colon, .open, .close].contains($0) }
      rest = rest.dropFirst(value.count)
      return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }
    rest.removeFirst()
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == .quote { return String(decoding: value, as: UTF8.self) }
      guard let plain = byte == .backslash ? rest.popFirst() : byte else { return nil }
      value.append(plain)
    }
    return nil
  }
}

extension UInt8 {
  fileprivate static let semicolon = UInt8(ascii: ";")
  fileprivate static let comma = UInt8(ascii: ",")
  fileprivate static let equals = UInt8(ascii: "=")
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let backslash = UInt8(ascii: "\\")
  fileprivate static let colon = UInt8(ascii: ":")
  fileprivate static let open = UInt8(ascii: "[")
  fileprivate static let close = UInt8(ascii: "]")
}
