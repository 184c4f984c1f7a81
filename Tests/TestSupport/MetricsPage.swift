/// A page of metrics, read as Prometheus reads it.
public struct MetricsPage {
  /// By their names with labels, as they stand there.
  public private(set) var series: [String: Double] = [:]
  /// The types that were announced, by name.
  public private(set) var types: [String: String] = [:]
  public private(set) var malformed: [Substring] = []

  /// - Parameter text: the page.
  public init(_ text: String) {
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

  /// The value of one series.
  public subscript(name: String) -> Double? { series[name] }

  /// Those of one name, whatever their labels say.
  public func all(_ name: String) -> [String: Double] {
    series.filter { $0.key == name || $0.key.hasPrefix("\(name){") }
  }
}
