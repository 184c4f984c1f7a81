extension RedisRooms {
  /// What there may be at once.
  struct Bounds {
    /// Loads on their way, each of which answers with up to a page: Redis is to answer in time, and
    /// publishers' answers come between.
    var loads = 32
    /// What is kept of what was loaded and not handed on: the oldest of it is let go first, as from
    /// history. Unit: bytes.
    var loadedBytes = 64 << 20
    /// What came live meanwhile: with more than that the node does not keep up. Unit: bytes.
    var heldBytes = 64 << 20
    /// Handed on in one turn of the loop: a part of what a listener may lag behind, and listeners are
    /// written to between the turns, so that a long past ends nobody who keeps up.
    var steps = 500
    /// The same in bytes.
    var stepBytes = 256 << 10
  }
}
