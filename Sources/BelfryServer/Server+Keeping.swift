internal import Hub
internal import Logging
internal import Reactor

/// Leaving the history to the next process of the service, when no successor has it.
extension Server {
  /// What the last process of the service has left; nil when there is nothing, or it can't be used.
  static func kept(_ settings: ServerSettings, _ logger: Logger) -> KeptHistory? {
    do {
      return try settings.keptFile.flatMap {
        try KeptHistory($0, backplane: settings.backplane)
      }
    } catch {
      logger.warning(
        "the history of the last process is not taken over", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  /// This server serves, so that what the last one has left is of the past: nobody may begin with it
  /// once more.
  func dropKept() {
    guard let file = settings.keptFile else { return }
    do throws(ReactorError) {
      // The service manager has the same file, and might hear of it too late.
      try file.clear()
    } catch {
      logger.error("what the last process left stays", metadata: ["reason": "\(error)"])
    }
    service?.forgetFile(named: ServerSettings.keptFileName)
    settings.keptFile = nil
  }

  /// Leaves everything to the next process, if there is a service manager to keep it. The loop has
  /// ended, and this may take some seconds.
  func keep() {
    guard let service, failure == nil, predecessor?.serves ?? true else { return }
    guard !(succession?.mayServe ?? false) else {
      if !service.isOver {
        logger.warning("the history ends with this process: a successor may have added to it")
      }
      return
    }
    do throws(ReactorError) {
      let file = try MemoryFile(labelled: ServerSettings.keptFileName)
      let hello = HandoverPacket.Hello(secret: secret, backplane: settings.backplane)
      try KeptHistory.write(hello, hub, local, to: file)
      guard service.keep(file, named: ServerSettings.keptFileName) else {
        return logger.warning("the service manager didn't take the history")
      }
      logger.info(
        "history left for the next process",
        metadata: ["messages": "\(hub.counters.historyEntries)"])
    } catch {
      logger.error("the history ends with this process", metadata: ["reason": "\(error)"])
    }
  }
}
