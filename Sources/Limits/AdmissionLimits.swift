/// Bounds on who may listen and post.
///
/// Those on each client are off by default: behind a proxy that isn't trusted all share one address.
package struct AdmissionLimits: Hashable, Sendable {
  /// Open streams at most; nil: what the limit on descriptors leaves.
  package var listeners: Int?
  /// Open streams of one address; 0 is no bound.
  package var listenersPerAddress = 0
  /// Messages of one address, and as many of one signed-in name; nil is no bound.
  package var postRate: Rate?
  /// Rooms that one address creates; nil is no bound.
  package var newNamesRate: Rate?

  /// No bounds but the descriptors'.
  package init() {}
}
