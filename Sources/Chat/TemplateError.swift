/// A tag that a template can't have: without an end, without a name, or a section's beginning or end
/// without the other.
struct TemplateError: Error, Equatable {
  /// What stands between the braces, or the rest of the text where they aren't closed.
  let tag: String
}
