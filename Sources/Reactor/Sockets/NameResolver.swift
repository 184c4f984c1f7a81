internal import CReactor
internal import Glibc

/// Looks host names up without waiting: libevent's own resolver (evdns), which knows `/etc/hosts` and
/// `/etc/resolv.conf` as they are when it is made. It knows nothing of the other sources that
/// `/etc/nsswitch.conf` may name.
@safe package final class NameResolver {
  private let loop: EventLoop
  private let resolver: OpaquePointer

  /// Reads both files: for the time before the loop runs.
  package init(on loop: EventLoop) throws(ReactorError) {
    self.loop = loop
    // Its own socket must not keep a loop alive that waits for nothing else.
    guard let resolver = unsafe evdns_base_new(loop.base, EVDNS_BASE_DISABLE_WHEN_INACTIVE) else {
      throw ReactorError(function: "evdns_base_new", detail: "creating a name resolver")
    }
    unsafe self.resolver = resolver
    // Without a name server, names of /etc/hosts can still be resolved, and others fail.
    let everything =
      DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC | DNS_OPTION_HOSTSFILE
    unsafe evdns_base_resolv_conf_parse(resolver, everything, "/etc/resolv.conf")
  }

  deinit { unsafe evdns_base_free(resolver, 0) }

  /// The numeric addresses of `host`, or why there are none; maybe before this returns.
  ///
  /// - Parameter completion: called at most once: not at all when the resolver goes before.
  package func resolve(
    _ host: String, completion: @escaping (Result<[String], ReactorError>) -> Void
  ) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_protocol = Int32(IPPROTO_TCP)
    // Retained until the callback, which comes exactly once, or never when the resolver is freed
    // before: then it leaks, at the end of the program.
    let request = unsafe Unmanaged.passRetained(Request(host, completion)).toOpaque()
    _ = unsafe evdns_getaddrinfo(
      resolver, host, nil, &hints,
      { status, list, context in
        let request = unsafe Unmanaged<Request>.fromOpaque(context!).takeRetainedValue()
        unsafe request.end(status, list)
      }, request)
  }

  private final class Request {
    private let host: String
    private let completion: (Result<[String], ReactorError>) -> Void

    init(_ host: String, _ completion: @escaping (Result<[String], ReactorError>) -> Void) {
      self.host = host
      self.completion = completion
    }

    func end(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
      defer { if let list = unsafe list { unsafe evutil_freeaddrinfo(list) } }
      var addresses: [String] = []
      var next = unsafe list
      while let info = unsafe next {
        if let address = unsafe info.pointee.ai_addr,
          let (host, _) = unsafe Socket.describe(address, info.pointee.ai_addrlen),
          !addresses.contains(host)
        {
          addresses.append(host)
        }
        unsafe next = unsafe info.pointee.ai_next
      }
      guard addresses.isEmpty else { return completion(.success(addresses)) }
      let reason = unsafe status == 0 ? "no address" : String(cString: evutil_gai_strerror(status))
      completion(
        .failure(
          ReactorError(function: "evdns_getaddrinfo", detail: "looking up \(host): \(reason)")))
    }
  }
}
