internal import Events
internal import Logging
internal import Reactor

/// What the log says of Redis: each change once, however often it is tried again.
final class RedisJournal {
  private let address: RedisAddress
  private let logger: Logger
  private var lastReason: String?
  /// The history that it was up with.
  private var epoch: Epoch?
  private var refusal: String?
  /// How many nodes of 0.1.0 it has said to be there.
  private var earlierNodes: UInt64 = 0

  init(address: RedisAddress, logger: Logger) {
    self.address = address
    self.logger = logger
  }

  func up(node: String, epoch: Epoch) {
    guard self.epoch != epoch else { return }
    self.epoch = epoch
    logger.notice(
      "redis is up",
      metadata: ["address": "\(address)", "node": "\(node)", "epoch": "\(epoch)"])
    lastReason = nil
  }

  func down(_ reason: String) {
    let level: Logger.Level = reason == lastReason ? .debug : .warning
    logger.log(
      level: level, "redis is down", metadata: ["address": "\(address)", "reason": "\(reason)"])
    lastReason = reason
    epoch = nil
  }

  /// A publish was refused; `error` is what Redis says.
  func refused(_ error: String) {
    let code = error.split(separator: " ").first.map(String.init) ?? ""
    if code != refusal {
      logger.warning("redis refuses messages", metadata: ["reason": "\(error)"])
    }
    refusal = code
  }

  func published() {
    guard refusal != nil else { return }
    refusal = nil
    logger.notice("redis accepts messages again")
  }

  func waiting(forEarlierNodes count: UInt64) {
    guard count != earlierNodes else { return }
    earlierNodes = count
    logger.warning(
      "waiting for nodes of 0.1.0 to stop",
      metadata: ["nodes": "\(count)", "patience": "\(RedisEarlierNodes.patience)"])
  }

  func cannotLookForEarlierNodes(_ error: String) {
    logger.warning("cannot look for nodes of 0.1.0", metadata: ["reason": "\(error)"])
  }

  func tooLong(_ room: RoomName, bytes: Int) {
    logger.warning(
      "unnumbered line too long, dropped",
      metadata: ["room": "\(room)", "bytes": "\(bytes)"])
  }
}
