import EventStream
import Events
import Hub
import Limits
import Reactor
import TestSupport

@testable import Operations

extension Figures {
  /// Of a hub that has done nothing, with a late loop and no Redis.
  static var sample: Figures { sample(HubCounters.none) }

  static func sample(_ hub: HubCounters) -> Figures {
    var lag = DurationHistogram()
    lag.observe(.microseconds(150))
    lag.observe(.milliseconds(3), times: 2)
    lag.observe(.seconds(20))
    var figures = Figures(
      hub: hub, admission: AdmissionCounters(),
      backplane: BackplaneStatus(name: "redis", isUp: false), readiness: Readiness([.backplane]),
      loopLag: lag, maximumListeners: 7, maximumRooms: 8, maximumConnections: 9,
      startTime: 1_795_771_017.25)
    figures.process = ProcessFigures(
      openDescriptors: 1, maximumDescriptors: 2, residentBytes: 3, virtualBytes: 4,
      processorTime: .milliseconds(1250))
    return figures
  }
}

extension HubCounters {
  /// Of a hub that has done nothing.
  static var none: HubCounters { published(0) }

  /// Of a hub with so many messages.
  static func published(_ messages: Int) -> HubCounters {
    let hub = Hub(settings: HubSettings(), epoch: Epoch("e")!, sink: Nobody(), now: .now)
    for number in 0..<messages {
      hub.append(.said("text"), number: UInt64(number + 1), now: .now)
    }
    return hub.counters
  }
}
