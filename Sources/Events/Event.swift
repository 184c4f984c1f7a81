/// What is published and kept: a line of chat, or any application's update.
package struct Event: Hashable, Sendable {
  /// What it is about; at least one. The first is its canonical topic, the others are alternates.
  package var topics: [Topic]
  /// Its `event:` field; nil is a listener's default, `message`.
  package var type: String?
  /// What it says.
  package var data: String
  /// The publisher's own id; nil: it goes by its number.
  package var id: PublisherID?
  /// Its `retry:` field.
  package var retry: Duration?
  /// When it was published, by the clock of the node that took it.
  package var time: EventTime
  /// Who says it; nil for somebody who has not signed in, and for other programs.
  package var sender: Sender?
  /// The publisher's word for this attempt, so that the same said again is published once.
  package var key: String?
  /// Whose key it is; nil without a key, and for a key of 0.1.0: that of the sender's name or, without one, of
  /// all who have none.
  package var keyScope: KeyScope?
  /// Only those get it who have a grant.
  package var isPrivate: Bool
  /// `data` is what somebody says in a chat: streams of text get it with the time and the name.
  package var isChat: Bool

  /// A public one without anything else.
  ///
  /// - Parameter topic: its canonical topic.
  package init(_ topic: Topic, _ data: String, time: EventTime, isChat: Bool = false) {
    topics = [topic]
    self.data = data
    self.time = time
    self.isChat = isChat
    isPrivate = false
  }

  /// The room that it belongs to; nil: its canonical topic is none.
  package var room: RoomName? { topics.first?.room }
}
