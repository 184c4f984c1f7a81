internal import EventStream
internal import Events

/// Events turned into bytes.
extension Case {
  static var encoding: [Case] {
    [
      encoding("event", "event of 100 bytes", message),
      encoding(
        "event-lines", "event of ten lines",
        (0..<10).map { _ in message.prefix(40) }.joined(separator: "\r\n")),
    ]
  }

  private static func encoding(_ name: String, _ unit: String, _ text: String) -> Case {
    Case(name, unit: unit, repetitions: 1000) {
      let id = EventID(epoch: .micro, number: 123_456)
      let event = ServerSentEvent(id: id, data: text)
      var once: [UInt8] = []
      event.encode(into: &once)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(once.count)
      return { repetitions in
        var total = 0
        for _ in 0..<repetitions {
          bytes.removeAll(keepingCapacity: true)
          event.encode(into: &bytes)
          total += bytes.count
        }
        precondition(total == repetitions * once.count, "an event was not encoded whole")
      }
    }
  }
}

extension Epoch {
  /// Always the same, so that every run counts the same.
  // It is eight characters of `[0-9a-z]`.
  static let micro = Epoch("micro123")!
}
