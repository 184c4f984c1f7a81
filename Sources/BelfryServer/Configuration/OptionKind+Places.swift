internal import Chat
internal import Reactor

extension OptionKind<ListenAddress> {
  /// `127.0.0.1:5000`.
  static var address: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "ADDRESS"), accepts: "HOST:PORT, [IPV6]:PORT or unix:PATH",
      repairs: { text in
        if text.hasPrefix("/") { return ["unix:\(text)"] }
        return [text.hasPrefix(":") ? "127.0.0.1\(text)" : "127.0.0.1:\(text)"]
      }, parse: { ListenAddress($0) }, show: \.description)
  }
}

extension OptionKind<RedisAddress> {
  /// `redis://127.0.0.1:6379/3`.
  static var redis: OptionKind {
    var format = OptionFormat(placeholder: "URL")
    format.isSecret = true
    return OptionKind(
      format,
      accepts: "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:PATH[?db=DATABASE]",
      parse: { RedisAddress($0) }, show: \.description)
  }
}

extension OptionKind<String> {
  /// Empty, or a path: `/chat`; a slash at its end is dropped.
  static var basePath: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "PATH"),
      accepts: "a path such as /chat, of letters, digits and - . _ ~ between slashes",
      repairs: { ["/\($0)"] }, parse: { BasePath($0)?.text }, show: \.self)
  }

  /// `https://example.org`: scheme, host and port as a browser's `Origin` has them.
  static var origin: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "ORIGIN"),
      accepts: "an origin such as https://example.org or http://example.org:8080; "
        + "* and null are not supported",
      repairs: { OriginText.ofPage($0).map { [$0.text] } ?? [] }, parse: { OriginText($0)?.text },
      show: \.self)
  }

  /// A file's path.
  ///
  /// - Parameter accepted: what can be written, behind "write".
  static func file(_ accepted: String = "the path of a file") -> OptionKind {
    OptionKind(
      OptionFormat(placeholder: "FILE"), accepts: accepted, parse: { $0.isEmpty ? nil : $0 },
      show: \.self)
  }
}

extension OptionKind<String> {
  /// `team-a`: no braces, which Redis would read as a hash tag, and nothing that its patterns know.
  static var redisPrefix: OptionKind {
    @Sendable func isAllowed(_ character: Character) -> Bool {
      character.isASCII && (character.isLetter || character.isNumber || "-_./".contains(character))
    }
    return OptionKind(
      OptionFormat(placeholder: "NAME"), accepts: "1 to 64 characters of A-Z a-z 0-9 - _ . /",
      repairs: { [$0.filter(isAllowed)] },
      parse: { 1...64 ~= $0.utf8.count && $0.allSatisfy(isAllowed) ? $0 : nil }, show: \.self)
  }
}

extension OptionKind<RoomRules> {
  /// `chat,team-*`; `*` is any.
  static var rooms: OptionKind {
    let list = OptionKind<[RoomPattern]>.list(.room, orElse: roomAccepts)
    return OptionKind(format: list.format) { items throws(BadOptionValue) in
      let patterns = try list.read(items)
      let rules = RoomRules(patterns)
      guard rules.home != nil else {
        throw BadOptionValue(
          text: items.joined(separator: ","),
          remedy: "write a default room too: chat, or a name without * and ?")
      }
      return rules
    } show: {
      $0.description
    }
  }
}

/// What can be written as a room.
private let roomAccepts =
  "a name of 1 to 64 letters, digits and . _ : -, or a pattern with * and ? too"

extension OptionKind<RoomPattern> {
  /// `team-*`.
  static var room: OptionKind {
    OptionKind(
      OptionFormat(placeholder: "ROOM"), accepts: roomAccepts, parse: { RoomPattern($0) },
      show: \.text)
  }
}

extension OptionKind<TrustedProxies> {
  /// `unix,10.0.0.0/8`.
  static var proxies: OptionKind {
    let proxy = OptionKind<String>(
      OptionFormat(placeholder: "PROXY"),
      accepts: "an address, a network such as 10.0.0.0/8, or unix",
      parse: { (try? TrustedProxies([$0])) == nil ? nil : $0 }, show: \.self)
    return OptionKind(format: OptionFormat(placeholder: "PROXY", count: .list)) {
      items throws(BadOptionValue) in
      let entries = try proxy.each(items)
      // Each was good by itself.
      return (try? TrustedProxies(entries)) ?? TrustedProxies()
    } show: {
      $0.entries.joined(separator: ",")
    }
  }
}

extension OptionKind<LoadedFile> {
  /// A file whose contents are the setting.
  ///
  /// - Parameter remedy: what to do when it can't be read.
  static func contents(orElse remedy: String) -> OptionKind {
    var format = OptionFormat(placeholder: "FILE")
    format.isFile = true
    return OptionKind(format: format) { items throws(BadOptionValue) in
      let path = items.last ?? ""
      do throws(ReactorError) {
        return LoadedFile(path: path, bytes: try File.read(path))
      } catch {
        throw BadOptionValue(text: path, remedy: "\(error); \(remedy)")
      }
    } show: {
      $0.path
    }
  }
}

extension OptionKind<KeySource> {
  /// A file of keys, one per line.
  static var keys: OptionKind {
    OptionKind(format: OptionFormat(placeholder: "FILE")) { items throws(BadOptionValue) in
      let path = items.last ?? ""
      do {
        let bytes = try File.read(path, maximumBytes: 1 << 20)
        return KeySource(try SessionKeys(secretFile: bytes), path: path)
      } catch let error as SessionKeyError {
        throw BadOptionValue(text: path, remedy: "\(error)")
      } catch {
        throw BadOptionValue(
          text: path, remedy: "\(error); write the path of a file that can be read")
      }
    } show: {
      $0.path ?? ""
    }
  }
}
