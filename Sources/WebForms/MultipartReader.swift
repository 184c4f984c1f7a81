internal import TextCoding

/// Walks over the parts of a multipart body (RFC 2046, section 5.1.1).
///
/// A delimiter is a line of its own: two dashes, the boundary, two more dashes at the end of all,
/// and spaces. A line that only begins so is content. The body is walked once.
struct MultipartReader {
  /// One part, its header without the empty line that ends it.
  struct Part {
    let header: ArraySlice<UInt8>
    let content: ArraySlice<UInt8>
  }

  /// The most bytes of a part's header: far more than a long name and a long file name take.
  private static let maximumHeaderBytes = 16 << 10

  private struct Delimiter {
    /// Where the line ending before it begins, which belongs to it.
    let start: Int
    /// Behind its own line ending.
    let end: Int
    let isLast: Bool
  }

  private let body: [UInt8]
  /// CR LF, two dashes and the boundary, which has no CR.
  private let mark: [UInt8]
  /// The delimiter before the next part.
  private var delimiter: Delimiter

  init(body: [UInt8], boundary: String) throws(FormError) {
    guard Self.isBoundary(boundary) else { throw .malformed }
    let mark = [0x0D, 0x0A] + Array("--\(boundary)".utf8)
    // The first delimiter needs no line ending before it when it begins the body.
    let first =
      body.starts(with: mark.dropFirst(2))
      ? Self.delimiter(at: 0, behind: mark.count - 2, in: body) : nil
    guard let first = first ?? Self.delimiter(in: body, from: 0, mark: mark) else {
      throw .malformed
    }
    self.body = body
    self.mark = mark
    self.delimiter = first
  }

  /// The next part, nil behind the last one; throws `.malformed` when a part does not end, has
  /// no empty line, or has a header over 16 KiB.
  mutating func next() throws(FormError) -> Part? {
    guard !delimiter.isLast else { return nil }
    let start = delimiter.end
    // The line ending of a delimiter may be that of the next one: a part without a line.
    guard let next = Self.delimiter(in: body, from: start - 2, mark: mark) else { throw .malformed }
    delimiter = next
    // A part without content may leave its empty line to the delimiter.
    guard
      let empty = Self.emptyLine(in: body[start..<next.start + 2]),
      empty - start <= Self.maximumHeaderBytes
    else { throw .malformed }
    return Part(
      header: body[start..<empty], content: body[min(empty + 2, next.start)..<next.start])
  }
}

extension MultipartReader {
  /// RFC 2046: 1...70 `bchars`, the last of which is no space.
  private static func isBoundary(_ text: String) -> Bool {
    let other = "'()+_,-./:=? ".utf8
    return 1...70 ~= text.utf8.count && text.utf8.last != UInt8(ascii: " ")
      && text.utf8.allSatisfy { $0.isAlphanumeric || other.contains($0) }
  }

  private static func delimiter(in body: [UInt8], from start: Int, mark: [UInt8]) -> Delimiter? {
    var index = start
    while index + mark.count <= body.count {
      var matched = 0
      while matched < mark.count, body[index + matched] == mark[matched] { matched += 1 }
      if matched == mark.count,
        let found = delimiter(at: index, behind: index + matched, in: body)
      {
        return found
      }
      // Only the mark's first byte is a CR, so no mark begins inside what has matched.
      index += max(matched, 1)
    }
    return nil
  }

  /// The delimiter that begins at `start` and whose boundary ends at `end`; nil when its line goes
  /// on with something else.
  private static func delimiter(at start: Int, behind end: Int, in body: [UInt8]) -> Delimiter? {
    let dash = UInt8(ascii: "-")
    let isLast = end + 1 < body.count && body[end] == dash && body[end + 1] == dash
    var index = isLast ? end + 2 : end
    while index < body.count, body[index].isBlank { index += 1 }
    if isLast, index == body.count { return Delimiter(start: start, end: index, isLast: true) }
    guard index + 1 < body.count, body[index] == 0x0D, body[index + 1] == 0x0A else { return nil }
    return Delimiter(start: start, end: index + 2, isLast: isLast)
  }

  /// Where the CR LF of the empty line begins.
  private static func emptyLine(in part: ArraySlice<UInt8>) -> Int? {
    var index = part.startIndex
    while index + 1 < part.endIndex {
      if part[index] == 0x0D, part[index + 1] == 0x0A { return index }
      // To the beginning of the next line.
      while index < part.endIndex, part[index] != 0x0A { index += 1 }
      index += 1
    }
    return nil
  }
}
