/// Why nothing can be taken over; the text says it to the operator.
package struct HandoverError: Error, Equatable, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
