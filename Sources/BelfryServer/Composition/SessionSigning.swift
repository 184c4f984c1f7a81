internal import Chat

/// What signs the sessions of a server.
struct SessionSigning {
  /// Random; nil where the settings have keys. A successor needs it.
  let secret: [UInt8]?
  /// In effect: a reload may change them.
  var keys: SessionKeys

  /// - Parameter earlier: what signed until now, if it was random.
  init(_ set: SessionKeys?, earlier: [UInt8]?) {
    if let set {
      (secret, keys) = (nil, set)
    } else {
      var generator = SystemRandomNumberGenerator()
      let secret = earlier ?? SessionKeys.randomSecret(using: &generator)
      (self.secret, keys) = (secret, SessionKeys(secret: secret))
    }
  }
}
