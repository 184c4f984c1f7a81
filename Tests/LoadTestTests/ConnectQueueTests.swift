import LoadTest
import Testing

@Suite struct ConnectQueueTests {
  /// All that may be begun now.
  private func begun(
    _ queue: inout ConnectQueue, at seconds: Double, isPaced: Bool = true
  ) -> [Int] {
    var tokens: [Int] = []
    while let token = queue.next(now: UInt64(seconds * 1e9), isPaced: isPaced) {
      tokens.append(token)
    }
    return tokens
  }

  @Test func `so many are waited for at once, and no more`() {
    var queue = ConnectQueue(maximumPending: 2, rate: nil)
    queue.begin(0..<5, now: 0)
    #expect(begun(&queue, at: 0) == [0, 1])
    queue.settle()
    #expect(begun(&queue, at: 0) == [2])
    queue.settle()
    queue.settle()
    #expect(begun(&queue, at: 0) == [3, 4])
    queue.settle()
    #expect(begun(&queue, at: 9).isEmpty)
  }

  @Test func `a rate holds the next ones back, and says so`() {
    var queue = ConnectQueue(maximumPending: 10, rate: 2)
    queue.begin(0..<5, now: 0)
    #expect(begun(&queue, at: 0) == [0])
    #expect(queue.isHeldBack(now: 100_000_000))
    #expect(begun(&queue, at: 0.4).isEmpty)
    #expect(begun(&queue, at: 1) == [1, 2])
    // Once the load runs, nothing is paced.
    #expect(begun(&queue, at: 1, isPaced: false) == [3, 4])
    #expect(!queue.isHeldBack(now: 1_000_000_000))
  }

  @Test func `one that comes back waits for its moment`() {
    var queue = ConnectQueue(maximumPending: 10, rate: nil)
    queue.begin(0..<1, now: 0)
    #expect(begun(&queue, at: 0) == [0])
    queue.settle()
    queue.add(0, at: 2_000_000_000)
    queue.add(1)
    #expect(begun(&queue, at: 1) == [1])
    #expect(begun(&queue, at: 2) == [0])
  }

  @Test func `one that could not be begun is the next again`() {
    var queue = ConnectQueue(maximumPending: 1, rate: nil)
    queue.begin(0..<2, now: 0)
    for expected in [0, 1] {
      #expect(queue.next(now: 0, isPaced: false) == expected)
      queue.putBack(expected)
      #expect(queue.next(now: 0, isPaced: false) == expected)
      queue.settle()
    }
  }
}

@Suite struct LatencyRecorderTests {
  @Test func `before it is known when the load began, everything is of the first moment`() {
    var recorder = LatencyRecorder(duration: 10, hasPhases: false)
    recorder.record(nanoseconds: 1000, at: 50_000_000_000_000, isSlow: false)
    recorder.start = 50_000_000_000_000
    recorder.record(nanoseconds: 1000, at: 50_003_000_000_000, isSlow: false)
    recorder.close()
    #expect(recorder.series.points.map(\.index) == [0, 3])
    #expect(recorder.last == 50_003_000_000_000)
  }

  @Test func `those that stop reading are told apart, and the others by what they do meanwhile`() {
    var recorder = LatencyRecorder(duration: 10, hasPhases: true)
    for phase in LatencyRecorder.Phase.allCases {
      recorder.phase = phase
      recorder.record(nanoseconds: 1000, at: 1, isSlow: true)
      for _ in 0...phase.rawValue { recorder.record(nanoseconds: 1000, at: 1, isSlow: false) }
    }
    #expect(recorder.phases.map(\.count) == [1, 2, 3])
    #expect(recorder.slow.count == 3 && recorder.series.total.count == 6)
  }
}
