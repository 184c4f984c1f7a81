internal import Foundation
internal import Reactor

/// A peer that runs, on ports of its own; ended with this object.
final class PeerServer {
  let peer: Peer
  private(set) var target: Target
  private var children: [ChildProcess] = []
  private var ports: [ReservedPort] = []
  private let folder: URL
  private let place: PeerPlace
  private let cores: String?

  /// Starts it, and waits until it listens.
  ///
  /// - Parameter cores: the processor cores it may use.
  init(_ peer: Peer, _ place: PeerPlace, cores: String?) throws(BadInput) {
    self.peer = peer
    self.place = place
    self.cores = cores
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "belfry-bench-\(UInt32.random(in: 0...UInt32.max))")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw BadInput("\(folder.path) can't be created: \(error.localizedDescription)")
    }
    let reserved = try Self.reservePort()
    let port = reserved.number
    var changes = Target.Changes()
    changes.url = "http://127.0.0.1:\(port)"
    // The floor has one room, and takes the whole body for the message.
    if peer == .floor {
      changes.streamPath = "/stream"
      changes.publishBody = "message={message}"
    }
    target = try Target(peer == .floor ? .belfry : Target.Preset(peer), changes)
    target.name = peer.rawValue
    ports = [reserved]
    switch peer {
    case .belfry: try startBelfry(port)
    case .floor: try startFloor(port)
    case .nchan: try startNchan(port)
    case .pushpin: try startPushpin(port)
    case .flask: try startFlask(port)
    }
    try waitForPort(port)
  }

  deinit {
    for child in children.reversed() { child.end() }
    try? FileManager.default.removeItem(at: folder)
  }

  private static func reservePort() throws(BadInput) -> ReservedPort {
    do throws(ReactorError) {
      return try ReservedPort()
    } catch {
      throw BadInput("no port is free: \(error)")
    }
  }

  /// One more port.
  private func addPort() throws(BadInput) -> UInt16 {
    let port = try Self.reservePort()
    ports.append(port)
    return port.number
  }

  /// All its processes.
  var pids: [Int] { children.flatMap { ServerSample.family(of: $0.pid) } }

  private func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func write(_ text: String, to name: String) throws(BadInput) {
    try ReportFile.write(text, to: file(name))
  }

  private func start(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws(BadInput) {
    children.append(
      try ChildProcess(
        arguments, environment: environment, cores: cores, log: file("log-\(children.count)")))
  }

  private func waitForPort(_ port: UInt16) throws(BadInput) {
    let deadline = Date(timeIntervalSinceNow: 20)
    while !ReservedPort.isTaken(port) {
      guard Date() < deadline, children.allSatisfy(\.isRunning) else {
        var said = ""
        for index in children.indices {
          said += (try? String(contentsOfFile: file("log-\(index)"), encoding: .utf8)) ?? ""
        }
        throw BadInput("\(peer.rawValue) does not listen: \(said.suffix(2000))")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// Waits until the last one started has as many processes as it works with: several listen before
  /// they have them all.
  private func waitForFamily(of count: Int) throws(BadInput) {
    let deadline = Date(timeIntervalSinceNow: 20)
    while let child = children.last, ServerSample.family(of: child.pid).count < count {
      guard Date() < deadline, child.isRunning else {
        throw BadInput("\(peer.rawValue) did not start all of its \(count) processes")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  // MARK: Each of them

  private func startBelfry(_ port: UInt16) throws(BadInput) {
    try start([
      place.belfry, "serve", "--listen", "127.0.0.1:\(port)", "--log-level", "warning",
      // Its pages are not asked for.
      "--vue-path", "/dev/null",
    ])
  }

  private func startFloor(_ port: UInt16) throws(BadInput) {
    let program = file("floor")
    let compiler = try ChildProcess(
      ["cc", "-O2", "-o", program, place.path("fanout/floor.c")], log: file("cc"))
    while compiler.isRunning { Thread.sleep(forTimeInterval: 0.01) }
    guard FileManager.default.isExecutableFile(atPath: program) else {
      let said = (try? String(contentsOfFile: file("cc"), encoding: .utf8)) ?? ""
      throw BadInput("floor.c can't be compiled: \(said.suffix(1000))")
    }
    try start([program, "--port", "\(port)"])
  }

  private func startNchan(_ port: UInt16) throws(BadInput) {
    let root = getuid() == 0 ? "user root;" : ""
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(file($0));" }.joined(separator: "\n")
    // More connections than there are descriptors: when less than a sixteenth of them is free, nginx
    // closes those that have not asked for anything yet.
    try write(
      """
      load_module \(PeerPlace.nchanModule);
      \(root)
      daemon off;
      worker_processes 1;
      worker_rlimit_nofile 20000;
      pid \(file("pid"));
      error_log \(file("error.log")) warn;
      events { worker_connections 24000; }
      http {
        access_log off;
        keepalive_requests 1000000;
        nchan_shared_memory_size 512M;
        \(temporary)
        server {
          listen 127.0.0.1:\(port) backlog=4096;
          location ~ ^/stream/([\\w-]+)$ {
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
          }
          location ~ ^/publish/([\\w-]+)$ {
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 1000;
          }
        }
      }
      """, to: "nginx.conf")
    try start(["nginx", "-p", folder.path, "-c", file("nginx.conf")])
    // The master, and the worker.
    try waitForFamily(of: 2)
  }

  private func startPushpin(_ port: UInt16) throws(BadInput) {
    var ports: [UInt16] = []
    for _ in 0..<5 { ports.append(try addPort()) }
    try start([PeerPlace.python, place.path("peers/pushpin/backend.py"), "\(ports[0])"])
    try write("* 127.0.0.1:\(ports[0])\n", to: "routes")
    let zurl = "ipc://\(file("peer-zurl"))"
    try write(
      """
      [global]
      include={libdir}/internal.conf
      rundir=\(folder.path)
      ipc_prefix=peer-
      port_offset=0
      stats_connection_ttl=120
      [runner]
      services=condure,zurl,pushpin-proxy,pushpin-handler
      http_port=127.0.0.1:\(port)
      logdir=\(folder.path)
      log_level=2
      client_buffer_size=8192
      client_maxconn=19500
      [proxy]
      routesfile=\(file("routes"))
      zurl_out_specs=\(zurl)-in
      zurl_out_stream_specs=\(zurl)-in-stream
      zurl_in_specs=\(zurl)-out
      [handler]
      push_in_http_addr=127.0.0.1
      push_in_http_port=\(ports[1])
      push_in_spec=tcp://127.0.0.1:\(ports[2])
      push_in_sub_specs=tcp://127.0.0.1:\(ports[3])
      command_spec=tcp://127.0.0.1:\(ports[4])
      message_rate=1000000
      message_hwm=1000000
      """, to: "pushpin.conf")
    target.publish.address = "127.0.0.1:\(ports[1])"
    target.publish.host = target.publish.address
    try waitForPort(ports[0])
    try start(["pushpin", "--config=\(file("pushpin.conf"))"])
    try waitForPort(ports[1])
    // The runner and its four services.
    try waitForFamily(of: 5)
  }

  private func startFlask(_ port: UInt16) throws(BadInput) {
    let redis = try addPort()
    try start([
      "redis-server", "--port", "\(redis)", "--bind", "127.0.0.1", "--save", "", "--dir",
      folder.path, "--maxclients", "19900",
    ])
    try waitForPort(redis)
    try start(
      [PeerPlace.python, place.path("peers/flask/app.py")],
      environment: ["PORT": "\(port)", "REDIS_URL": "redis://127.0.0.1:\(redis)/3"])
  }
}

extension Target.Preset {
  /// What a peer speaks.
  fileprivate init(_ peer: Peer) {
    self =
      switch peer {
      case .belfry, .floor: .belfry
      case .nchan: .nchan
      case .pushpin: .pushpin
      case .flask: .flask
      }
  }
}
