internal import Hub

/// A page of metrics in Prometheus' text format, version 0.0.4.
struct MetricsText {
  private(set) var text = ""

  init(_ figures: Figures) {
    gauge("belfry_listeners", "Open streams.", figures.hub.listeners)
  }

  private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n\(name) \(value)\n"
  }
}
