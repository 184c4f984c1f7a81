import Reactor
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:10.1.2.3", "10.1.2.3"),
    ("2001:DB8:0:0::1", "2001:db8::1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"),
    ("255.255.255.255", "255.255.255.255"), ("::fffe:1.2.3.4", "::fffe:102:304"),
  ])
  func `an address is shown in its shortest form`(text: String, shown: String) throws {
    #expect(try #require(IPAddress(text)).description == shown)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "::g", "localhost", "1.2.3.4/8"])
  func `what is no address is refused`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false),
    ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
    ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false), ("::/0", "1.2.3.4", false),
    ("::/0", "fd00::1", true), ("fd00::/9", "fd7f::1", true), ("fd00::/9", "fd80::1", false),
    ("10.1.2.3/31", "10.1.2.2", true), ("::ffff:10.0.0.0/8", "10.9.9.9", true),
  ])
  func `a network contains what shares its prefix`(
    network: String, address: String, isContained: Bool
  ) throws {
    let network = try #require(IPNetwork(network))
    #expect(network.contains(try #require(IPAddress(address))) == isContained)
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "::/129", "10.0.0.0/8/8"])
  func `what is no network is refused`(text: String) {
    #expect(IPNetwork(text) == nil)
  }
}
