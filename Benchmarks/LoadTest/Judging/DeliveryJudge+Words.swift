/// What the judge calls things when it names an offender.
extension DeliveryJudge {
  /// A message in words; its room too where listeners follow several.
  func words(_ number: Int, _ lane: Int) -> String {
    "message \(number) of publisher \(lane % publishers)" + roomWords(ofLane: lane)
  }

  /// Which room a lane belongs to, in words; nothing where each listener follows one.
  func roomWords(ofLane lane: Int) -> String {
    guard roomsEach > 1 else { return "" }
    let room = lane / publishers
    return room == rooms[0] ? " in the shared room" : " in own room \(room - 1)"
  }

  func name(_ listener: Int) -> String { "listener \(names[listener])" }
}
