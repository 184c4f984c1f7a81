internal import TextCoding

/// The value of a `Content-Type` (RFC 9110, section 8.3.1).
struct MediaType {
  /// `TYPE/SUBTYPE` in small letters.
  let essence: String
  private let parameters: HeaderParameters

  /// Fails when a quoted parameter does not end.
  init?(_ text: String) {
    guard let parameters = HeaderParameters(text.utf8) else { return nil }
    self.essence = String(
      decoding: parameters.value.map(\.asciiLowercase), as: UTF8.self)
    self.parameters = parameters
  }

  /// The first parameter of this name, given in small letters; its own case is kept.
  func parameter(_ name: String) -> String? {
    parameters.first(name).map { String(decoding: $0, as: UTF8.self) }
  }
}
