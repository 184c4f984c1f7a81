internal import Chat
internal import Events
internal import Hub
internal import Reactor

/// Writes what somebody says in a chat as the original's line, `[HH:MM:SS] NAME: MESSAGE`, in the server's time
/// zone; anything else as it is.
struct ChatFormat: EventFormat {
  func text(of event: Event) -> String {
    guard event.isChat else { return event.data }
    let (hour, minute, second) = WallClock.localTime(at: event.time.seconds)
    return ChatLine(
      hour: hour, minute: minute, second: second, name: event.sender?.name, message: event.data
    ).text
  }
}
