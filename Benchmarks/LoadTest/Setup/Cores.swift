/// The processor cores, dealt out.
package enum Cores {
  /// The server's first core, and the load's: the rest. Nil for both where there is but one.
  static func split() -> (server: String?, load: String?) {
    let status = ServerSample.text("/proc/self/status") ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let all = numbers(in: line?.split(separator: "\t").last.map(String.init) ?? "")
    guard all.count > 1 else { return (nil, nil) }
    return ("\(all[0])", all.dropFirst().map(String.init).joined(separator: ","))
  }

  /// The numbers of a list as the kernel writes it: `0-3,8`.
  package static func numbers(in list: String) -> [Int] {
    list.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }
}
