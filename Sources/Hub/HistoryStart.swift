/// Where a room's history begins, and what is known of the messages before.
package struct HistoryStart: Sendable, Equatable {
  /// The room's messages up to this number are kept no more.
  package var droppedThrough: UInt64
  /// Of messages up to this number nobody knows whether the room had any.
  package var unknownThrough: UInt64
  /// The number of the first message that the room is about to be given; nil when there is none yet.
  package var oldest: UInt64?

  package init(droppedThrough: UInt64 = 0, unknownThrough: UInt64 = 0, oldest: UInt64? = nil) {
    self.droppedThrough = droppedThrough
    self.unknownThrough = unknownThrough
    self.oldest = oldest
  }
}
