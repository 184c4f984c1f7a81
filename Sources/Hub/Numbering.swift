/// The order in which a hub's frames stand, in one word each, so that a listener's cursor is one word.
///
/// A message's place comes from its number N, the same on every node, so that a room whose history
/// is loaded late falls in with rooms that were there before. A line without a number stands after
/// the newest message there is: between two numbers there are 2^20 - 1 places for such lines, and
/// when they are used up, everything later moves on by one number's width. A new epoch, whose
/// numbers begin at 1 again, moves on as well: positions only ever rise, which is what the walk,
/// the floors and the cursors rest on. The alternatives were a second word in each cursor (48 bytes
/// a listener instead of 40), or positions in order of arrival, which a late load can't have.
struct Numbering {
  /// Bits of a position that lines without a number have for themselves.
  private static let strayBits: UInt64 = 20
  /// What N and all moves together must stay below. The last 2^20 of the places are not for numbers,
  /// but for what moves everything on: 2^40 lines without a number.
  private static let limit: UInt64 = 1 << (64 - strayBits) - 1 << strayBits

  /// The number of the newest message over all rooms.
  private(set) var newest: UInt64
  /// Every frame's position is at most this.
  private(set) var newestPosition: UInt64
  /// How far messages above `number` are moved; ordered, never empty.
  private var moves: [(number: UInt64, by: UInt64)] = [(0, 0)]

  /// - Parameter newest: below 2^44 - 2^20.
  init(newest: UInt64) {
    precondition(newest < Self.limit, "a number is too large to be placed")
    self.newest = newest
    newestPosition = newest << Self.strayBits
  }

  /// Whether there is a place for message `number`.
  func hasPlace(for number: UInt64) -> Bool {
    // Neither is above `limit`, so the sum is no overflow.
    number < Self.limit && number + (moves.last?.by ?? 0) < Self.limit
  }

  /// Whether numbers may begin at 1 again.
  var hasPlaceForHistory: Bool { newestPosition >> Self.strayBits + 1 < Self.limit }

  /// Where message `number` stands.
  func position(of number: UInt64) -> UInt64 {
    let move = moves.last { $0.number < number } ?? moves[0]
    return (number + move.by) << Self.strayBits
  }

  /// The cursor of a listener that has everything up to `number`.
  func cursor(after number: UInt64) -> UInt64 {
    number < newest ? position(of: number + 1) - 1 : newestPosition
  }

  /// Every message up to `number` has been taken in.
  mutating func advance(to number: UInt64) {
    guard number > newest else { return }
    newest = number
    newestPosition = position(of: number)
  }

  /// The place of a line without a number, after everything there is.
  mutating func takeStray() -> UInt64 {
    let next = newestPosition + 1
    if next % (1 << Self.strayBits) == 0 {
      let move = (number: newest, by: moves[moves.count - 1].by + 1)
      if moves[moves.count - 1].number == newest { moves.removeLast() }
      moves.append(move)
    }
    newestPosition = next
    return next
  }

  /// Numbers begin at 1 again, after everything there is; the caller has asked `hasPlaceForHistory`.
  mutating func restart() {
    let move = newestPosition >> Self.strayBits + 1
    moves = [(0, move)]
    newest = 0
    newestPosition = move << Self.strayBits
  }
}
