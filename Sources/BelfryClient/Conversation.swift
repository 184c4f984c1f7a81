package import Reactor

/// One connection to a server, over which one request is asked after the other; whoever asks waits.
package final class Conversation {
  /// Why there is no answer.
  package enum Failure: Error, Equatable, CustomStringConvertible {
    /// The request has reached nobody.
    case unreachable(String)
    /// It may have been read.
    case noAnswer(String)

    package var description: String {
      switch self {
      case .unreachable(let reason), .noAnswer(let reason): reason
      }
    }
  }

  /// Bytes of an answer's body that are kept.
  private static let maximumBodyBytes = 1 << 20

  private let loop: EventLoop
  private let addresses: [ClientAddress]
  private var clients: ClientSet?
  private var reader = ResponseReader()
  private var head: ResponseHead?
  private var body: [UInt8] = []
  /// Whether anything has come of the answer that is waited for.
  private var hasBytes = false
  private var outcome: Result<Answer, Failure>?

  /// Looks the server's name up, which blocks; nothing is connected yet.
  package init(with url: ServerURL) throws(ReactorError) {
    loop = try EventLoop()
    addresses = try ClientAddress.all(resolving: url.address)
    clients = try ClientSet(on: loop, capacity: 1) { [unowned self] _, bytes, _ in
      take(bytes)
    } onEnd: { [unowned self] _, ending in
      ended(ending)
    }
  }

  /// Asks, and waits for the whole answer; one that a kept connection's end has swallowed is asked again
  /// over a new one, so that `request` must be one that may be read twice.
  ///
  /// - Parameter limit: for everything together.
  package func answer(
    to request: [UInt8], within limit: Duration
  ) throws(Failure) -> Answer {
    guard let clients else { throw .unreachable("closed") }
    let deadline = ContinuousClock.now + limit
    if clients.isOpen(0) {
      begin()
      clients.send(0, request)
      switch wait(until: deadline) {
      case .success(let answer): return answer
      case .failure(let failure):
        guard !hasBytes, !clients.isOpen(0), ContinuousClock.now < deadline else { throw failure }
      }
    }
    var last = Failure.unreachable("no address")
    // Of a name's addresses the server may listen on one.
    for address in addresses {
      begin()
      do throws(ReactorError) {
        try clients.connect(0, to: address, sending: request)
      } catch {
        last = .unreachable("\(error)")
        continue
      }
      switch wait(until: deadline) {
      case .success(let answer): return answer
      case .failure(.unreachable(let reason)):
        last = .unreachable("connecting to \(address): \(reason)")
      case .failure(let failure): throw failure
      }
    }
    throw last
  }

  /// Lets time pass.
  package func pause(for time: Duration) {
    var isOver = false
    // Without a timer there is no pause.
    let timer = try? LoopEvent(on: loop, after: time) { [unowned self] in
      isOver = true
      loop.stop()
    }
    while !isOver, timer != nil { loop.run { false } }
  }

  private func begin() {
    reader = ResponseReader()
    head = nil
    body = []
    hasBytes = false
    outcome = nil
  }

  private func wait(until deadline: ContinuousClock.Instant) -> Result<Answer, Failure> {
    let time = max(deadline - .now, .milliseconds(1))
    let timer = try? LoopEvent(on: loop, after: time) { [unowned self] in
      clients?.close(0)
      finish(.failure(.noAnswer("no answer in time")))
    }
    while outcome == nil, timer != nil { loop.run { false } }
    return outcome ?? .failure(.unreachable("cannot create a timer"))
  }

  private func finish(_ result: Result<Answer, Failure>) {
    if outcome == nil { outcome = result }
    loop.stop()
  }

  private func take(_ bytes: Span<UInt8>) {
    hasBytes = true
    var index = 0
    do throws(ResponseError) {
      while true {
        switch try reader.next(bytes, &index) {
        case .needsMore: return
        case .head(let head): self.head = head
        case .body(let range):
          guard body.count + range.count <= Self.maximumBodyBytes else {
            throw ResponseError("the answer is too long")
          }
          for place in range { body.append(bytes[place]) }
        case .chunkEnd: continue
        case .end:
          complete()
          return
        }
      }
    } catch {
      clients?.close(0)
      finish(.failure(.noAnswer("the answer can't be read: \(error)")))
    }
  }

  private func complete() {
    guard let head else { return }
    if !head.keepsConnection { clients?.close(0) }
    finish(.success(Answer(head: head, body: body)))
  }

  private func ended(_ ending: ClientSet.Ending) {
    if reader.mayEndHere, head != nil { return complete() }
    let failure: Failure =
      ending.isRefusal ? .unreachable("\(ending)") : .noAnswer("\(ending) before the answer")
    finish(.failure(failure))
  }
}
