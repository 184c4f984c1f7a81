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
  /// How many rooms the listeners are spread over; with `ownRooms`, 1.
  package var rooms = 1
  package var roomName = "bench"
  /// Whether each listener follows the room `roomName`, which all share, and a room of its own.
  package var ownRooms = false
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

  /// How many rooms there are. With own rooms, the shared one has the number 0, and the own room of
  /// listener N the number N + 1.
  package var roomCount: Int { ownRooms ? listeners + 1 : rooms }

  /// How many rooms each listener follows.
  package var roomsEach: Int { ownRooms ? 2 : 1 }

  /// The rooms that a listener follows, `roomsEach` of them.
  package func rooms(ofListener number: Int) -> [Int] {
    ownRooms ? [0, number + 1] : [number % rooms]
  }

  /// A room's name as it is on the wire.
  package func name(ofRoom room: Int) -> String {
    if ownRooms { return room == 0 ? roomName : "\(Self.ownPrefix)\(room - 1)" }
    return rooms == 1 ? roomName : "\(roomName)-\(room)"
  }

  /// The names of the rooms that a listener follows.
  package func roomNames(ofListener number: Int) -> [String] {
    rooms(ofListener: number).map { name(ofRoom: $0) }
  }

  private static let ownPrefix = "own-"

  /// Gives each listener a room of its own beside the one that all share.
  ///
  /// - Throws: why this target or this plan can't have them.
  package mutating func giveOwnRooms() throws(BadInput) {
    if let obstacle = target.obstacleToTwoRooms { throw BadInput(obstacle) }
    guard !roomName.hasPrefix(Self.ownPrefix) else {
      throw BadInput("--room must not begin with \(Self.ownPrefix): own rooms have such names")
    }
    guard (listeners + 1) * publishers < Message.laneLimit else {
      throw BadInput(
        "--own-room: --listeners + 1, times --publishers, must be less than "
          + Text.grouped(Message.laneLimit))
    }
    ownRooms = true
  }

  /// Whether other processes must know when each message was sent: listeners join.
  var needsSendTimes: Bool { scenario == .churn }

  /// How long publishing is to take, in seconds, as far as that is known beforehand.
  package var expectedDuration: Double {
    guard let messages, rate > 0 else { return duration }
    return Double(messages) / rate
  }
}
