/// Everything one load process needs to know.
package struct Plan: Codable, Sendable {
  package var target: Target
  package var scenario = Scenario.fanout
  package var run: UInt64 = 0
  /// Which process this is, of how many. The first one publishes.
  package var worker = 0
  package var workers = 1
  /// Of all processes together.
  package var listeners = 1000
  /// Streams that each process waits for at once.
  package var pending = 256
  /// Streams opened per second, of all processes together; nil for as fast as they are answered.
  package var connectRate: Double?
  /// How many messages; nil for as many as `duration` has room for.
  package var messages: Int?
  /// For how long messages are published, in seconds.
  package var duration: Double = 10
  /// Messages per second; 0 for as fast as the server answers.
  package var rate: Double = 20
  /// Whether the next message waits until every listener has the last one.
  package var inTurn = false
  /// Connections that publish, each one message at a time.
  package var publishers = 1
  /// Bytes of a message, `Message.minimumSize` or more.
  package var sizes = 100...100
  package var rooms = 1
  package var roomName = "bench"
  /// How many loopback addresses connections come from; 0 for as many as are good.
  package var sources = 0
  /// Of the listeners: those that stop reading in `slow`, those that leave each second in `churn`.
  package var share: Double = 0.1
  package var timeline: [TimelineStep] = []
  /// Seconds without any progress after which the rest is given up.
  package var patience: Double = 10
  /// What the server puts around a message, if that is known.
  package var shape: TextShape?

  package init(target: Target) { self.target = target }

  /// Which of all listeners are this process's: every so many-th.
  package var ownListeners: [Int] {
    Array(stride(from: worker, to: listeners, by: workers))
  }

  package var isPublisher: Bool { worker == 0 }

  /// A room's name as it is on the wire.
  package func name(ofRoom room: Int) -> String { rooms == 1 ? roomName : "\(roomName)-\(room)" }

  /// Whether other processes must know when each message was sent: listeners join.
  var needsSendTimes: Bool { scenario == .churn }

  /// How long publishing is to take, in seconds, as far as that is known beforehand.
  package var expectedDuration: Double {
    guard let messages, rate > 0 else { return duration }
    return Double(messages) / rate
  }
}
