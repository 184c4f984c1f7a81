internal import TextCoding

/// A language that the pages speak.
package enum Language: String, CaseIterable, Sendable {
  /// Traditional Chinese, which the first users write.
  case traditionalChinese
  /// English, for everybody else.
  case english

  /// The language's tag, for the attribute `lang` and the field `Content-Language` (RFC 5646).
  package var tag: String {
    switch self {
    case .traditionalChinese: "zh-Hant"
    case .english: "en"
    }
  }

  /// The language that a browser likes best of those that the pages speak.
  ///
  /// RFC 9110, section 12.5.4: the higher weight wins, the earlier one of two equals, weight 0
  /// means "not this one", and `*` stands for each language that is not named. Every `zh`, with
  /// whatever script or region, is Traditional Chinese, which its readers prefer to English. A
  /// part that is no language range is skipped.
  ///
  /// - Parameter acceptLanguage: the field's value; several fields are joined by commas. `nil`
  ///   when there is none, which answers Traditional Chinese. With a value in which neither
  ///   language is acceptable the answer is English.
  package init(acceptLanguage: String?) {
    guard let acceptLanguage else {
      self = .traditionalChinese
      return
    }
    var named: [Language: Int] = [:]
    var first: Language?
    var others = 0
    for part in acceptLanguage.utf8.split(separator: UInt8(ascii: ",")) {
      guard let range = LanguageRange(part) else { continue }
      switch range.primary {
      case "*": others = max(others, range.weight)
      case "zh":
        named[.traditionalChinese, default: 0].raise(to: range.weight)
        first = first ?? .traditionalChinese
      case "en":
        named[.english, default: 0].raise(to: range.weight)
        first = first ?? .english
      default: break
      }
    }
    let chinese = named[.traditionalChinese] ?? others
    let english = named[.english] ?? others
    if chinese == english {
      self = chinese > 0 && first == .traditionalChinese ? .traditionalChinese : .english
    } else {
      self = chinese > english ? .traditionalChinese : .english
    }
  }
}

/// One part of `Accept-Language`: the first subtag of a language range, and its weight.
private struct LanguageRange {
  /// In lower case; `*` for any language.
  let primary: String
  /// In thousandths: 0 to 1000.
  let weight: Int

  /// Reads `zh-TW;q=0.8`; `nil` where it is something else.
  init?(_ part: Substring.UTF8View) {
    let pieces = part.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    guard let range = pieces.first.map(\.trimmingBlanks), !range.isEmpty else { return nil }
    switch pieces.count {
    case 1: weight = 1000
    case 2:
      guard let weight = Self.weight(pieces[1].trimmingBlanks) else { return nil }
      self.weight = weight
    default: return nil
    }
    let subtags = range.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    primary = String(decoding: subtags[0], as: UTF8.self).lowercased()
  }

  /// `q=` and then 0 to 1 with at most three digits behind the point, in thousandths
  /// (RFC 9110, section 12.4.2).
  private static func weight(_ text: Substring.UTF8View) -> Int? {
    var rest = text
    guard let q = rest.popFirst(), q.asciiLowercase == UInt8(ascii: "q"),
      rest.popFirst() == UInt8(ascii: "="),
      let whole = rest.popFirst(), whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1")
    else { return nil }
    var thousandths = Int(whole - UInt8(ascii: "0")) * 1000
    if let point = rest.popFirst() {
      guard point == UInt8(ascii: "."), rest.count <= 3 else { return nil }
      var place = 100
      for digit in rest {
        guard digit.isDigit else { return nil }
        thousandths += Int(digit - UInt8(ascii: "0")) * place
        place /= 10
      }
    }
    return thousandths <= 1000 ? thousandths : nil
  }
}

extension Int {
  /// Becomes `other` where that is more.
  fileprivate mutating func raise(to other: Int) { self = Swift.max(self, other) }
}
