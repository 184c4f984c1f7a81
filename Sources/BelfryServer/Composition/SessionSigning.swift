internal import Chat

/// What signs the sessions of a server.
struct SessionSigning {
  /// Random; nil where the settings had keys at the start. A successor needs it.
  let secret: [UInt8]?
  /// In effect: a reload may change them.
  var keys: SessionKeys

  /// - Parameter earlier: what signed until now, if it was random.
  init(_ settings: ServerSettings, earlier: [UInt8]?) {
    if let keys = settings.sessionKeys {
      (secret, self.keys) = (nil, keys)
    } else {
      var generator = SystemRandomNumberGenerator()
      let secret = earlier ?? SessionKeys.randomSecret(using: &generator)
      (self.secret, self.keys) = (secret, SessionKeys(secret: secret))
    }
  }
}
