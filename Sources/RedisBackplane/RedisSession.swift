internal import Reactor

/// What is said at the beginning of a connection, and learnt.
struct RedisSession {
  struct Digests: Equatable {
    fileprivate var texts: [RedisScripts.Script: String] = [:]

    subscript(script: RedisScripts.Script) -> String { texts[script] ?? "" }
  }

  struct Step: Equatable {
    enum Purpose: Equatable {
      case authenticate, select, name, information
      case script(RedisScripts.Script)
    }
    let purpose: Purpose
    let arguments: [String]
  }

  /// Names the Redis process: another one may lack what this one had.
  private(set) var run = ""
  private(set) var digests = Digests()

  static func steps(for address: RedisAddress, name: String, isSubscriber: Bool) -> [Step] {
    var steps: [Step] = []
    if let password = address.password {
      let user = address.user.map { [$0] } ?? []
      steps.append(Step(purpose: .authenticate, arguments: ["AUTH"] + user + [password]))
    }
    steps.append(Step(purpose: .select, arguments: ["SELECT", "\(address.database)"]))
    steps.append(Step(purpose: .name, arguments: ["CLIENT", "SETNAME", name]))
    guard !isSubscriber else { return steps }
    steps.append(Step(purpose: .information, arguments: ["INFO", "server"]))
    return steps
      + RedisScripts.Script.allCases.map {
        Step(purpose: .script($0), arguments: ["SCRIPT", "LOAD", $0.text])
      }
  }

  /// Takes an answer; returns why there can be no session, if so.
  mutating func take(_ reply: RedisReply, of step: Step) -> String? {
    if case .error(let text) = reply {
      switch step.purpose {
      // A name is a convenience, which an ACL may forbid.
      case .name: return nil
      // Redis repeats the arguments of a command that it doesn't know, and logs are no place for these.
      case .authenticate: return "Redis rejected the user or password (\(reply.errorCode ?? ""))"
      default: return "Redis error: \(text)"
      }
    }
    let text = reply.text ?? ""
    switch step.purpose {
    case .authenticate, .select, .name: break
    case .script(let script): digests.texts[script] = text
    case .information:
      let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
      guard let line else { return "Redis did not report its run_id" }
      run = String(line.dropFirst("run_id:".count))
    }
    return nil
  }
}
