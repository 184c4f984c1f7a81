/// The fields of a form or the parameters of a query, in the order they were sent.
///
/// Names and values are UTF-8 as sent, and may hold any character, NUL too.
package struct FormFields: Hashable, Sendable {
  /// The most fields: the server's forms have three, and a hundred bound the work of a request.
  package static let maximumFields = 100

  /// One field.
  package struct Field: Hashable, Sendable {
    /// The field's name, which need not be unique.
    package let name: String
    /// The field's value.
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// All fields, at most `maximumFields`.
  package private(set) var all: [Field] = []

  /// No fields.
  package init() {}

  /// The value of the first field of this name.
  package func first(_ name: String) -> String? { all.first { $0.name == name }?.value }

  /// The values of all fields of this name, in their order.
  package func all(_ name: String) -> [String] {
    all.compactMap { $0.name == name ? $0.value : nil }
  }

  /// Adds a field from its bytes; throws when they are not UTF-8 or the form is full.
  mutating func append(
    name: some Sequence<UInt8>, value: some Sequence<UInt8>
  ) throws(FormError) {
    guard all.count < Self.maximumFields else { throw .tooManyFields }
    guard let name = String(validating: name, as: UTF8.self) else { throw .invalidUTF8 }
    guard let value = String(validating: value, as: UTF8.self) else { throw .invalidUTF8 }
    all.append(Field(name: name, value: value))
  }
}
