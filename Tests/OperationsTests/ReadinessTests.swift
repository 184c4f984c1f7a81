import Hub
import Reactor
import Testing

@testable import Operations

@Suite struct ReadinessTests {
  @Test func `each obstacle is named, in one order`() {
    let up = BackplaneStatus(name: "redis", isUp: true)
    let down = BackplaneStatus(name: "redis", isUp: false)
    func readiness(_ status: BackplaneStatus, _ isEnding: Bool, _ listeners: Int) -> Readiness {
      Readiness(backplane: status, isEnding: isEnding, listeners: listeners, maximumListeners: 5)
    }
    #expect(readiness(up, false, 4).isReady)
    #expect(readiness(up, false, 5).obstacles == [.listeners])
    #expect(readiness(down, true, 6).obstacles == [.backplane, .draining, .listeners])
    let response = readiness(down, true, 0).response
    #expect(response.status == .serviceUnavailable)
    #expect(
      String(decoding: response.body, as: UTF8.self)
        == #"{"ready":false,"failed":["backplane","draining"]}"# + "\n")
  }
}
