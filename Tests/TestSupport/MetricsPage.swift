/// A page of metrics, read as Prometheus reads it.
struct MetricsPage {
  /// By their names with labels, as they stand there.
  private(set) var series: [String: Double] = [:]
  /// The types that were announced, by name.
  private(set) var types: [String: String] = [:]
  private(set) var malformed: [Substring] = []

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      if let type = line.wholeMatch(of: /# TYPE ([a-z_]+) ([a-z]+)/) {
        types[String(type.1)] = String(type.2)
      } else if let found = line.wholeMatch(of: /([a-z_]+(?:\{[a-z]+="[^"\\]*"\})?) ([-+0-9.e]+)/),
        let value = Double(found.2), series[String(found.1)] == nil
      {
        series[String(found.1)] = value
      } else if !line.hasPrefix("# HELP ") {
        malformed.append(line)
      }
    }
  }

  subscript(name: String) -> Double? { series[name] }

  /// Those of one name, whatever their labels say.
  func all(_ name: String) -> [String: Double] {
    series.filter { $0.key == name || $0.key.hasPrefix("\(name){") }
  }
}
