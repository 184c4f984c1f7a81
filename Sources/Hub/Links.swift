/// A topic's word of a feed that follows it: 8 bytes, since a topic may have one for each listener.
struct TopicLink: ShortListElement {
  /// `Feed.index`.
  let feed: UInt32
  private var bits: UInt32

  /// - Parameters:
  ///   - place: where the feed has its link to the topic; less than 2^29.
  ///   - isNamed: the feed's interest names the topic, so that the topic stays.
  init(feed: UInt32, place: Int, selects: Bool, grants: Bool, isNamed: Bool) {
    self.feed = feed
    bits = UInt32(place) << 3 | (selects ? 1 : 0) | (grants ? 2 : 0) | (isNamed ? 4 : 0)
  }

  private init() {
    feed = .max
    bits = 0
  }

  static var vacant: TopicLink { TopicLink() }
  var isVacant: Bool { feed == .max }

  /// The feed is sent the topic's events.
  var selects: Bool { bits & 1 != 0 }
  /// The feed may have the topic's private events.
  var grants: Bool { bits & 2 != 0 }
  var isNamed: Bool { bits & 4 != 0 }
  /// Where the feed has its link to the topic.
  var place: Int {
    get { Int(bits >> 3) }
    set { bits = UInt32(newValue) << 3 | bits & 7 }
  }
}

/// A feed's word of a topic that it follows.
struct FeedLink: ShortListElement {
  private let log: TopicLog?
  /// Where the topic has its link to the feed.
  var place: Int32
  /// The feed is sent the topic's events.
  let selects: Bool
  /// The feed may have the topic's private events.
  let grants: Bool

  init(_ topic: TopicLog, selects: Bool, grants: Bool) {
    log = topic
    place = 0
    self.selects = selects
    self.grants = grants
  }

  private init() {
    log = nil
    place = 0
    selects = false
    grants = false
  }

  static var vacant: FeedLink { FeedLink() }
  var isVacant: Bool { log == nil }

  /// The topic; not of a vacant place.
  var topic: TopicLog {
    // Only `vacant` has none.
    log!
  }
}
