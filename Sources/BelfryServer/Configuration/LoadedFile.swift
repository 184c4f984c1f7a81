package import Chat

/// A file that is a setting: the same contents are no change, wherever they are from.
package struct LoadedFile: Equatable, Sendable {
  package var path: String
  package var bytes: [UInt8]

  package init(path: String, bytes: [UInt8] = []) {
    self.path = path
    self.bytes = bytes
  }

  package static func == (one: LoadedFile, other: LoadedFile) -> Bool { one.bytes == other.bytes }
}

/// The keys that sign sessions, and where they are from, which is no change by itself.
package struct KeySource: Equatable, Sendable {
  package var keys: SessionKeys
  /// nil: from no file.
  package var path: String?

  package init(_ keys: SessionKeys, path: String? = nil) {
    self.keys = keys
    self.path = path
  }

  package static func == (one: KeySource, other: KeySource) -> Bool { one.keys == other.keys }
}
