package import Hub
package import Limits
package import Reactor
internal import Responses
internal import TextCoding

/// Whether the server would take work.
package struct Readiness: Equatable {
  /// What may be in the way.
  enum Obstacle: String, CaseIterable {
    /// Messages don't get through.
    case backplane
    /// The server stops, or another has taken over.
    case draining
    /// As many listeners are here as may be.
    case listeners
  }

  /// In the order of `Obstacle`.
  let obstacles: [Obstacle]

  init(_ obstacles: [Obstacle]) { self.obstacles = obstacles }

  init(backplane: BackplaneStatus, isEnding: Bool, listeners: Int, maximumListeners: Int) {
    var obstacles: [Obstacle] = []
    if !backplane.isUp { obstacles.append(.backplane) }
    if isEnding { obstacles.append(.draining) }
    if listeners >= maximumListeners { obstacles.append(.listeners) }
    self.obstacles = obstacles
  }

  /// Of a server as it is now.
  package init(hub: Hub, backplane: any Backplane, admission: Admission) {
    self.init(
      backplane: backplane.status, isEnding: hub.isEnding, listeners: hub.listenerCount,
      maximumListeners: admission.maximumListeners)
  }

  var isReady: Bool { obstacles.isEmpty }

  /// `{"ready":true,"failed":[]}`, or 503 with each obstacle's name.
  package var response: HTTPResponse {
    .json(isReady ? .ok : .serviceUnavailable) { json in
      json.member("ready", isReady)
      json.member("failed", obstacles.map(\.rawValue))
    }
  }
}
