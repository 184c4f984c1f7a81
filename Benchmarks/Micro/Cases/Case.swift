/// Something to be measured: prepared once, and then done again and again, each time in the same way.
package struct Case {
  /// What it is called on the command line and in the table.
  package let name: String
  /// What one of the counted things is.
  package let unit: String
  /// How many of those one repetition does.
  package let unitsPerRepetition: Int
  /// Repetitions that are enough for instructions to be counted by; two runs that differ by so many
  /// leave nothing of what the program does before and after.
  package let repetitions: Int
  private let prepare: () throws -> (Int) throws -> Void

  /// - Parameter prepare: makes what is needed, and returns what does the given number of repetitions
  ///   and traps, or throws, unless they did what they should.
  init(
    _ name: String, unit: String, unitsPerRepetition: Int = 1, repetitions: Int,
    prepare: @escaping () throws -> (Int) throws -> Void
  ) {
    self.name = name
    self.unit = unit
    self.unitsPerRepetition = unitsPerRepetition
    self.repetitions = repetitions
    self.prepare = prepare
  }

  /// Makes everything ready.
  ///
  /// - Returns: what does so many repetitions.
  /// - Throws: what keeps a server from starting.
  package func makeReady() throws -> (_ repetitions: Int) throws -> Void { try prepare() }

  /// All there are, in the order of the table.
  package static var all: [Case] { encoding + hub + requests }
}

extension Case {
  /// A message of 100 bytes, as the other benchmarks publish.
  static let message = String(repeating: "The bell rings. ", count: 7).prefix(100).description
}
