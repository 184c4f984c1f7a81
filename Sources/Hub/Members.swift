/// The slots of a feed's members, in no order; one alone needs no block of memory.
struct Members {
  private var many: [UInt32] = []
  private var only = Members.none

  private static var none: UInt32 { .max }

  var count: Int { many.isEmpty ? (only == Members.none ? 0 : 1) : many.count }
  var isEmpty: Bool { many.isEmpty && only == Members.none }

  subscript(place: Int) -> UInt32 {
    get { many.isEmpty ? only : many[place] }
    set { if many.isEmpty { only = newValue } else { many[place] = newValue } }
  }

  mutating func append(_ slot: UInt32) {
    if !many.isEmpty {
      many.append(slot)
    } else if only == Members.none {
      only = slot
    } else {
      many = [only, slot]
    }
  }

  mutating func removeLast() {
    guard !many.isEmpty else {
      only = Members.none
      return
    }
    many.removeLast()
    guard many.count == 1 else { return }
    only = many[0]
    many = []
  }
}
