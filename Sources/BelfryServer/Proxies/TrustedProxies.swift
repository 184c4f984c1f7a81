internal import Reactor

/// The proxies in front of the server that are believed what they say of their clients.
package struct TrustedProxies: Hashable, Sendable {
  /// As they were written.
  package let entries: [String]
  private var networks: [IPNetwork] = []
  private var unix = false

  /// Nobody.
  package init() { entries = [] }

  /// - Parameter entries: addresses, networks (`10.0.0.0/8`), or `unix` for whoever comes through a
  ///   Unix socket.
  /// - Throws: the first entry that is none of these.
  package init(_ entries: [String]) throws(SettingsError) {
    self.entries = entries
    for entry in entries {
      if entry == "unix" {
        unix = true
      } else if let network = IPNetwork(entry) {
        networks.append(network)
      } else {
        throw SettingsError("\(entry) is not an address, a network such as 10.0.0.0/8, or unix")
      }
    }
  }

  func trusts(_ peer: Peer) -> Bool {
    switch peer {
    case .unix: unix
    case .address(let address): networks.contains { $0.contains(address) }
    }
  }
}

/// A setting that makes no sense; the text says which and why.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
