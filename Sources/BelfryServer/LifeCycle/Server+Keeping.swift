internal import Handover
internal import Hub
internal import Logging
internal import Reactor

/// Leaving the history to the next process of the service, when no successor has it.
extension Server {
  /// This server serves, so that what the last one has left is of the past: nobody may begin with it
  /// once more.
  func dropKept() {
    guard let file = settings.keptFile else { return }
    do throws(ReactorError) {
      // The service manager has the same file, and might hear of it too late.
      try file.clear()
    } catch {
      logger.error(
        "saved history of the previous process not deleted", metadata: ["reason": "\(error)"])
    }
    service?.forgetFile(named: ServerSettings.keptFileName)
    settings.keptFile = nil
  }

  /// Leaves everything to the next process, if there is a service manager to keep it. The loop has
  /// ended, and this may take some seconds.
  func keep() {
    guard let service, life.failure == nil, life.hasServed else { return }
    guard !(successor?.mayServe ?? false) else {
      if !service.isOver {
        logger.warning("history not saved: a successor may have added messages")
      }
      return
    }
    do throws(ReactorError) {
      let file = try MemoryFile(labelled: ServerSettings.keptFileName)
      let hello = HandoverPacket.Hello(secret: sessions.secret, backplane: settings.backplane)
      try KeptHistory.write(hello, hub, fanOut.local, to: file)
      guard service.keep(file, named: ServerSettings.keptFileName) else {
        return logger.warning("history not saved: the service manager did not accept it")
      }
      logger.info(
        "history saved for the next process",
        metadata: ["messages": "\(hub.counters.historyEntries)"])
    } catch {
      logger.error("history not saved", metadata: ["reason": "\(error)"])
    }
  }
}
