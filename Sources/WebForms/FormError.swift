/// Why a form cannot be read; each is the client's fault.
package enum FormError: Error, Hashable, Sendable {
  /// A name or a value is not UTF-8.
  case invalidUTF8
  /// More than `FormFields.maximumFields`.
  case tooManyFields
  /// A multipart body that breaks RFC 2046 or RFC 7578, or has no usable boundary.
  case malformed
  /// A body of a type that is no form; a 415.
  case unsupportedMediaType
}
