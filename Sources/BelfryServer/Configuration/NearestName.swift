/// Finds the known name nearest to a misspelt one.
package enum NearestName {
  /// More letters wrong than this are another word.
  private static let maximumDistance = 3

  /// The name that takes the fewest changes of letters; nil when all are too far away.
  package static func of(_ text: String, among names: [String]) -> String? {
    let letters = Array(text.utf8)
    // Any word is near to a short one.
    let limit = min(maximumDistance, letters.count / 3 + 1)
    let nearest = names.map { ($0, distance(letters, Array($0.utf8))) }.min { $0.1 < $1.1 }
    return nearest.flatMap { $0.1 <= limit ? $0.0 : nil }
  }

  /// How many letters must be put in, taken out, replaced, or swapped with their neighbour (the optimal
  /// string alignment distance).
  static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var before: [Int] = []
    var row = Array(0...other.count)
    for i in one.indices {
      var next = [i + 1]
      for j in other.indices {
        var cost = min(row[j + 1], next[j]) + 1
        cost = min(cost, row[j] + (one[i] == other[j] ? 0 : 1))
        if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
          cost = min(cost, before[j - 1] + 1)
        }
        next.append(cost)
      }
      (before, row) = (row, next)
    }
    return row[other.count]
  }
}
