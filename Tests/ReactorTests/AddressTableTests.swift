import Reactor
import TestSupport
import Testing

@Suite struct AddressTableTests {
  private func address(_ number: Int) throws -> IPAddress {
    try #require(IPAddress("10.0.0.\(number)"))
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `it counts like a list of all that were given`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var table = AddressTable()
    var given: [(address: IPAddress, entry: UInt32)] = []
    for _ in 0..<500 {
      if given.isEmpty || Int.random(in: 0..<9, using: &random) < 4 {
        let address = try address(Int.random(in: 0..<8, using: &random))
        given.append((address, table.add(address)))
      } else {
        let place = Int.random(in: given.indices, using: &random)
        table.remove(at: given.remove(at: place).entry)
      }
      let addresses = try (0..<8).map(address)
      #expect(
        addresses.map { table.count(of: $0) }
          == addresses.map { address in given.count { $0.address == address } })
      #expect(table.addressCount == Set(given.map(\.address)).count)
    }
    for (_, entry) in given { table.remove(at: entry) }
    #expect(table.addressCount == 0)
  }

  @Test func `an address without any takes no place`() throws {
    var table = AddressTable()
    for round in 0..<1000 {
      let entry = table.add(try address(round % 256))
      #expect(entry == 0 && table.count(at: entry) == 1)
      table.remove(at: entry)
    }
  }

  @Test(arguments: [
    ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
    ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
    ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
    ("::ffff:10.1.2.3", "10.1.2.3", true), ("::1", "::2", true), ("::1", "0.0.0.0", false),
  ])
  func `an IPv6 address is counted with all of its 64`(
    one: String, other: String, isSame: Bool
  ) throws {
    let (one, other) = (try #require(IPAddress(one)), try #require(IPAddress(other)))
    #expect((one.counted == other.counted) == isSame)
    #expect(Peer.address(one).countedAddress == one.counted && Peer.unix.countedAddress == nil)
  }
}
