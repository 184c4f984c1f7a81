/// Bytes for one stream alone: its head and opening, heartbeats, the end. They stand between frames.
extension Hub {
  /// Sends bytes that belong to this stream only, now or when it has room for them.
  ///
  /// A stream that is in the middle of a frame has them only after that frame, so the caller asks
  /// for those that can be left out first.
  func send(_ bytes: [UInt8], privatelyTo slot: UInt32) {
    guard !bytes.isEmpty, let handle = listeners[slot].handle else { return }
    if listeners[slot].flags.isDisjoint(with: [.behind, .hasPrivateBytes]) {
      _ = offer(privately: bytes, to: slot, handle)
    } else {
      privateBytes[slot, default: []].append(contentsOf: bytes)
      listeners[slot].flags.insert(.hasPrivateBytes)
    }
  }

  /// Writes what waits for this stream; false when something still does, or the stream is gone.
  func writePrivateBytes(_ slot: UInt32, _ handle: StreamHandle) -> Bool {
    guard let bytes = privateBytes.removeValue(forKey: slot) else { return true }
    listeners[slot].flags.remove(.hasPrivateBytes)
    return offer(privately: bytes, to: slot, handle)
  }

  /// Offers bytes to a stream that nothing waits for, and keeps what it doesn't take; false means that
  /// it took less, or is gone.
  func offer(privately bytes: [UInt8], to slot: UInt32, _ handle: StreamHandle) -> Bool {
    guard let taken = offer(bytes.span, to: slot, handle) else { return false }
    guard taken < bytes.count else { return true }
    privateBytes[slot] = Array(bytes[taken...])
    listeners[slot].flags.insert(.hasPrivateBytes)
    block(slot, handle)
    return false
  }
}
