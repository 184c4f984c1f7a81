internal import Events

/// The feeds of a hub, and the links between them and the topics that they follow.
///
/// Links are made when either is born. Making one, and breaking one, takes the same time however many a topic has.
final class FeedTable {
  /// By `Feed.index`; nil is free.
  private var feeds: [Feed?] = []
  private var free: [UInt32] = []
  /// Feeds that follow nothing but what they name.
  private var exact: Set<ExactFeed> = []
  /// The others.
  private var wide: [WideFeed: Feed] = [:]
  /// What those follow, by their indexes.
  private var interests: [UInt32: Interest] = [:]
  /// Those of them that get every topic's events.
  private(set) var everywhere: [Feed] = []

  /// Traps where there is none.
  subscript(index: UInt32) -> Feed {
    // A listener that knows an index leaves the feed before the feed goes.
    feeds[Int(index)]!
  }

  var count: Int { feeds.count - free.count }
  var all: some Sequence<Feed> { feeds.lazy.compactMap(\.self) }

  /// The feed of an interest, made when there is none.
  ///
  /// - Parameters:
  ///   - named: the topics that it names.
  ///   - others: all topics there are; only asked for where an interest names more than topics.
  ///   - head: the newest position.
  func feed(
    of interest: Interest, _ format: StreamFormat, named: [TopicLog],
    others: () -> [TopicLog], head: UInt64
  ) -> Feed {
    let key = WideFeed(interest: interest, format: format)
    if !interest.isExact, let feed = wide[key] { return feed }
    let index = free.last ?? UInt32(feeds.count)
    let feed = Feed(
      index: index, isExact: interest.namesAllItSelects, format: format, head: head)
    // In one order, since the links are what a feed is found by.
    for topic in named.sorted(by: { ObjectIdentifier($0) < ObjectIdentifier($1) }) {
      feed.links.append(interest.link(to: topic))
    }
    if interest.isExact {
      let found = exact.insert(ExactFeed(feed))
      guard found.inserted else { return found.memberAfterInsert.feed }
    } else {
      wide[key] = feed
      interests[index] = interest
      if interest.selectsEverything { everywhere.append(feed) }
    }
    if free.popLast() == nil { feeds.append(nil) }
    feeds[Int(index)] = feed
    for place in 0..<feed.links.count { join(feed, place, isNamed: true) }
    if !interest.isExact {
      let named = interest.topics
      for topic in others() where !named.contains(topic.topic) { connect(feed, interest, topic) }
    }
    return feed
  }

  /// A topic is born: those follow it that name more than topics.
  func connect(_ topic: TopicLog) {
    for (key, feed) in wide { connect(feed, key.interest, topic) }
  }

  private func connect(_ feed: Feed, _ interest: Interest, _ topic: TopicLog) {
    let link = interest.link(to: topic)
    guard link.selects || link.grants else { return }
    feed.links.append(link)
    join(feed, feed.links.count - 1, isNamed: false)
  }

  /// Lets a topic know of a feed that knows the topic.
  private func join(_ feed: Feed, _ place: Int, isNamed: Bool) {
    let link = feed.links[place]
    feed.links[place].place = Int32(link.topic.links.count)
    link.topic.links.append(
      TopicLink(
        feed: feed.index, place: place, selects: link.selects, grants: link.grants,
        isNamed: isNamed))
    if isNamed { link.topic.named += 1 }
  }

  /// A topic is forgotten: nobody follows it any more; no feed names it.
  func disconnect(_ topic: TopicLog) {
    while !topic.links.isEmpty {
      let link = topic.links[topic.links.count - 1]
      topic.links.removeLast()
      let feed = self[link.feed]
      let last = feed.links.count - 1
      if link.place < last {
        feed.links[link.place] = feed.links[last]
        let moved = feed.links[link.place]
        moved.topic.links[Int(moved.place)].place = link.place
      }
      feed.links.removeLast()
    }
  }

  /// Takes out a feed without members.
  ///
  /// - Parameter left: told of each topic that it followed.
  func remove(_ feed: Feed, left: (TopicLog) -> Void) {
    if let interest = interests.removeValue(forKey: feed.index) {
      wide[WideFeed(interest: interest, format: feed.format)] = nil
      everywhere.removeAll { $0 === feed }
    } else {
      exact.remove(ExactFeed(feed))
    }
    for place in 0..<feed.links.count { leave(feed.links[place]) }
    feeds[Int(feed.index)] = nil
    free.append(feed.index)
    for place in 0..<feed.links.count { left(feed.links[place].topic) }
  }

  /// Takes a feed's link out of a topic; the last one takes its place.
  private func leave(_ link: FeedLink) {
    let topic = link.topic
    if topic.links[Int(link.place)].isNamed { topic.named -= 1 }
    let last = topic.links.count - 1
    if link.place < last {
      let moved = topic.links[last]
      topic.links[Int(link.place)] = moved
      self[moved.feed].links[moved.place].place = link.place
    }
    topic.links.removeLast()
  }

  /// What a feed follows; nil where its links say it.
  func interest(of feed: Feed) -> Interest? { interests[feed.index] }

  /// Whether a feed may have the private events of one of these topics.
  func grants(_ feed: Feed, anyOf topics: [Topic]) -> Bool {
    if let interest = interests[feed.index] { return topics.contains { interest.grants($0) } }
    for place in 0..<feed.links.count {
      let link = feed.links[place]
      if link.grants, topics.contains(link.topic.topic) { return true }
    }
    return false
  }
}

/// What a feed is found by that follows more than topics that it names.
private struct WideFeed: Hashable {
  let interest: Interest
  let format: StreamFormat
}

/// A feed that is found by the topics that it names.
private struct ExactFeed: Hashable {
  let feed: Feed

  init(_ feed: Feed) { self.feed = feed }

  static func == (left: ExactFeed, right: ExactFeed) -> Bool {
    let count = left.feed.links.count
    guard count == right.feed.links.count, left.feed.format == right.feed.format else {
      return false
    }
    return (0..<count).allSatisfy { place in
      let one = left.feed.links[place]
      let other = right.feed.links[place]
      return one.topic === other.topic && one.selects == other.selects
        && one.grants == other.grants
    }
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(feed.format)
    for place in 0..<feed.links.count {
      hasher.combine(ObjectIdentifier(feed.links[place].topic))
    }
  }
}

extension Interest {
  /// - Returns: a link to a topic, which doesn't know of it yet. What goes everywhere needs no link for that.
  fileprivate func link(to topic: TopicLog) -> FeedLink {
    FeedLink(
      topic, selects: !selectsEverything && selects(topic.topic), grants: grants(topic.topic))
  }
}
