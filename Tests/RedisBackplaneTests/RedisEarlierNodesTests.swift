import Testing

@testable import RedisBackplane

@Suite struct RedisEarlierNodesTests {
  private let start = ContinuousClock.now

  @Test func `none, or none that counts, is not waited for`() {
    var nodes = RedisEarlierNodes()
    #expect(!nodes.isClear)
    #expect(nodes.counted(0, now: start) == .clear)
    #expect(nodes.isClear)
    var successor = RedisEarlierNodes(spared: 1)
    #expect(successor.counted(1, now: start) == .clear)
    #expect(RedisEarlierNodes(areWanted: false).isClear)
  }

  @Test func `they are waited for once a second, for twenty seconds, and then no longer`() {
    for spared in [0, 1] {
      var nodes = RedisEarlierNodes(spared: spared)
      let count = UInt64(spared) + 1
      var counts = 0
      var verdict = RedisEarlierNodes.Verdict.wait
      var now = start
      while verdict == .wait, now < start + .seconds(60) {
        if nodes.isCountDue(now: now) {
          counts += 1
          verdict = nodes.counted(count, now: now)
        }
        now += .milliseconds(100)
      }
      #expect(verdict == .giveUp && counts == 21)
      #expect(now - start == .milliseconds(20_100))
    }
  }

  @Test func `those that go in time are no obstacle, and are not looked for again`() {
    var nodes = RedisEarlierNodes()
    #expect(nodes.isCountDue(now: start) == true)
    #expect(nodes.isCountDue(now: start) == false)
    #expect(nodes.counted(2, now: start) == .wait)
    // On another connection they are counted at once, and the time goes on.
    nodes.connected()
    let late = start + .milliseconds(19_900)
    #expect(nodes.isCountDue(now: late) == true)
    #expect(nodes.counted(1, now: late) == .wait)
    let last = late + .milliseconds(100)
    #expect(nodes.isCountDue(now: last) == true)
    #expect(nodes.counted(0, now: last) == .clear)
    #expect(nodes.isCountDue(now: late + .seconds(60)) == false)
  }
}
