/// Bytes for one stream alone: its head and opening, heartbeats, the end. They stand between frames.
extension Hub {
  /// Sends bytes that belong to this stream only, now or when it has room for them.
  ///
  /// A stream that is in the middle of a frame has them only after that frame, so the caller asks
  /// for those that can be left out first.
  func send(_ bytes: [UInt8], privatelyTo slot: UInt32) {
    guard !bytes.isEmpty, let handle = listeners[slot].handle else { return }
    privateBytes[slot, default: []].append(contentsOf: bytes)
    listeners[slot].flags.insert(.hasPrivateBytes)
    if !listeners[slot].flags.contains(.behind) { _ = writePrivateBytes(slot, handle) }
  }

  /// Writes what waits for this stream; false when something still does, or the stream is gone.
  func writePrivateBytes(_ slot: UInt32, _ handle: StreamHandle) -> Bool {
    guard let bytes = privateBytes.removeValue(forKey: slot) else { return true }
    guard let taken = offer(bytes.span, to: slot, handle) else { return false }
    if taken == bytes.count {
      listeners[slot].flags.remove(.hasPrivateBytes)
      return true
    }
    privateBytes[slot] = Array(bytes[taken...])
    block(slot, handle)
    return false
  }
}
