package import Reactor

/// Posts messages to a server, one after the other.
package final class Publisher {
  /// Why a message is not taken, or may not be.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
      /// It will not be taken.
      case refused
      /// It was not taken, and may be later.
      case later
      /// Nobody knows whether it was taken.
      case unknown
    }

    package let kind: Kind
    package let description: String
    /// How long the server asks to be left alone.
    package let retryAfter: Duration?

    package init(_ kind: Kind, _ description: String, retryAfter: Duration? = nil) {
      self.kind = kind
      self.description = description
      self.retryAfter = retryAfter
    }
  }

  /// A pause where the server names none.
  private static let ordinaryPause = Duration.seconds(1)
  /// However soon a server asks for it, it isn't asked again sooner.
  private static let shortestPause = Duration.milliseconds(100)

  private let conversation: Conversation
  private let url: ServerURL
  private let agent: String
  private let timeout: Duration
  /// The signed-in session's.
  private var cookie: String?

  /// Looks the server's name up, which blocks.
  ///
  /// - Parameters:
  ///   - agent: what a `User-Agent` field says.
  ///   - timeout: for one answer.
  package init(to url: ServerURL, agent: String, timeout: Duration) throws(ReactorError) {
    conversation = try Conversation(with: url)
    self.url = url
    self.agent = agent
    self.timeout = timeout
  }

  /// Takes a name; messages are posted under it from then on.
  package func signIn(as name: String, patience: Duration) throws(Failure) {
    var form = Form()
    form.add("user", name)
    let answer = try insist(for: patience) { () throws(Failure) in try post("/login", form) }
    // The way to the page: that is how a browser is signed in.
    guard answer.head.status == 303, let field = answer.head.headers["Set-Cookie"] else {
      throw Failure(.refused, "the server rejected the name: \(answer.reason)")
    }
    cookie = String(field.prefix { $0 != ";" })
  }

  /// Posts a message, and waits until it is taken.
  ///
  /// - Parameters:
  ///   - room: nil is the server's own.
  ///   - key: under which it is published once, however often it is posted.
  ///   - patience: how long a server that can't take it at the moment is asked again, at the times that
  ///     it names.
  package func publish(
    _ message: String, to room: String?, key: String, patience: Duration
  ) throws(Failure) {
    var form = Form()
    form.add("message", message)
    if let room { form.add("room", room) }
    form.add("key", key)
    _ = try insist(for: patience) { () throws(Failure) in
      let answer = try post("/post", form)
      guard 200..<300 ~= answer.head.status else {
        throw Failure(.refused, answer.reason)
      }
      return answer
    }
  }

  /// Tries, and again as long as `patience` lasts and there is sense in it.
  private func insist(
    for patience: Duration, _ attempt: () throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    let deadline = ContinuousClock.now + patience
    while true {
      do throws(Failure) {
        return try attempt()
      } catch {
        let pause = max(error.retryAfter ?? Self.ordinaryPause, Self.shortestPause)
        guard error.kind != .refused, ContinuousClock.now + pause <= deadline else { throw error }
        conversation.pause(for: pause)
      }
    }
  }

  private func post(_ path: String, _ form: Form) throws(Failure) -> Answer {
    var head = "POST \(url.basePath)\(path) HTTP/1.1\r\nHost: \(url.host)\r\n"
    head += "User-Agent: \(agent)\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    head += "Content-Length: \(form.text.utf8.count)\r\n"
    if let cookie { head += "Cookie: \(cookie)\r\n" }
    let request = Array((head + "\r\n" + form.text).utf8)
    let answer: Answer
    do throws(Conversation.Failure) {
      answer = try conversation.answer(to: request, within: timeout)
    } catch {
      switch error {
      case .unreachable(let reason): throw Failure(.later, reason)
      case .noAnswer(let reason): throw Failure(.unknown, reason)
      }
    }
    guard answer.head.isTemporary else { return answer }
    // A gateway that got no answer does not know what became of the request.
    let isUnknown = answer.head.status == 504 || answer.head.status == 502
    throw Failure(
      isUnknown ? .unknown : .later, answer.reason, retryAfter: answer.retryAfter)
  }
}
