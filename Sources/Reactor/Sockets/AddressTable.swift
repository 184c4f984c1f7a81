/// How many of something each address has. An address stands here only while it has one.
///
/// Whoever has one keeps the number of its address' entry, so that giving it back looks nothing up.
package struct AddressTable: Sendable {
  private var entries: [(address: IPAddress, count: UInt32)] = []
  private var free: [UInt32] = []
  private var indices: [IPAddress: UInt32] = [:]

  package init() {}

  /// How many addresses have any.
  package var addressCount: Int { indices.count }

  /// How many `address` has.
  package func count(of address: IPAddress) -> Int {
    indices[address].map { count(at: $0) } ?? 0
  }

  /// How many the address of an entry has.
  package func count(at entry: UInt32) -> Int { Int(entries[Int(entry)].count) }

  /// Gives `address` one more, and returns the entry to give it back to.
  package mutating func add(_ address: IPAddress) -> UInt32 {
    if let entry = indices[address] {
      entries[Int(entry)].count += 1
      return entry
    }
    let entry = free.popLast() ?? UInt32(entries.count)
    if Int(entry) == entries.count {
      entries.append((address, 1))
    } else {
      entries[Int(entry)] = (address, 1)
    }
    indices[address] = entry
    return entry
  }

  /// Takes one back.
  ///
  /// - Parameter entry: what `add` returned, once for each of its calls.
  package mutating func remove(at entry: UInt32) {
    entries[Int(entry)].count -= 1
    guard entries[Int(entry)].count == 0 else { return }
    indices[entries[Int(entry)].address] = nil
    free.append(entry)
  }
}
