internal import TextCoding

/// A chart as SVG: lines over two axes. Colours come from the page's style sheet, so it follows the
/// reader's choice of light or dark.
struct Chart {
  /// One line.
  struct Line {
    var name: String
    /// Which of the page's colours, 0 ... 5.
    var color: Int
    var points: [(x: Double, y: Double)]
    /// Whether the space below is tinted.
    var isFilled = false
  }

  /// A mark on the x axis.
  typealias Tick = (x: Double, label: String)

  var title: String
  var subtitle: String
  var lines: [Line]
  /// Where the x axis ends; it begins at 0.
  var end: Double
  var ticks: [Tick]
  var axis: String
  /// What is shown of a y value.
  var label: (Double) -> String
  /// What is shown of an x value where a reader points at it.
  var xLabel: (Double) -> String
  /// Whether the y axis begins at 0; else near the least value.
  var beginsAtZero = true

  private static let width = 720.0
  private static let height = 330.0
  private static let left = 92.0
  private static let right = 18.0
  private static let top = 16.0
  private static let bottom = 56.0

  /// The chart with its heading, as a `figure`.
  var html: String {
    var html = "<figure><figcaption><h2>\(HTMLText.escape(title))</h2>"
    html += "<p>\(HTMLText.escape(subtitle))</p>"
    if lines.count > 1 {
      html += "<ul class=\"legend\">"
      for line in lines {
        html += "<li><i class=\"c\(line.color % 6)\"></i>\(HTMLText.escape(line.name))</li>"
      }
      html += "</ul>"
    }
    return html + "</figcaption>\(svg)</figure>"
  }

  private var svg: String {
    let values = lines.flatMap { $0.points.map(\.y) }
    let scale = Scale(
      from: beginsAtZero ? 0 : values.min() ?? 0, to: values.max() ?? 0, isPositive: beginsAtZero)
    func x(_ value: Double) -> String {
      let part = end > 0 ? value / end : 0
      return Self.place(Self.left + part * (Self.width - Self.left - Self.right))
    }
    func y(_ value: Double) -> String {
      let part = (value - scale.low) / (scale.high - scale.low)
      return Self.place(Self.height - Self.bottom - part * (Self.height - Self.top - Self.bottom))
    }
    var svg = "<svg viewBox=\"0 0 720 330\" role=\"img\" aria-label=\"\(HTMLText.escape(title))\">"
    for mark in scale.marks {
      svg += "<path class=\"grid\" d=\"M\(Self.place(Self.left)) \(y(mark))"
      svg += "H\(Self.place(Self.width - Self.right))\"/>"
      svg += "<text class=\"tick\" x=\"\(Self.place(Self.left - 10))\" y=\"\(y(mark))\" "
      svg += "dy=\".35em\" text-anchor=\"end\">\(HTMLText.escape(label(mark)))</text>"
    }
    for tick in ticks {
      svg += "<path class=\"grid\" d=\"M\(x(tick.x)) \(Self.place(Self.height - Self.bottom))v5\"/>"
      svg += "<text class=\"tick\" x=\"\(x(tick.x))\" y=\"\(Self.place(Self.height - 32))\" "
      svg += "text-anchor=\"middle\">\(HTMLText.escape(tick.label))</text>"
    }
    svg += "<text class=\"axis\" x=\"\(Self.place((Self.left + Self.width - Self.right) / 2))\" "
    svg +=
      "y=\"\(Self.place(Self.height - 5))\" text-anchor=\"middle\">\(HTMLText.escape(axis))</text>"
    for line in lines where !line.points.isEmpty {
      let path = line.points.map { "\(x($0.x)) \(y($0.y))" }.joined(separator: "L")
      if line.isFilled, let first = line.points.first, let last = line.points.last {
        svg += "<path class=\"fill c\(line.color % 6)\" d=\"M\(x(first.x)) \(y(scale.low))L\(path)"
        svg += "L\(x(last.x)) \(y(scale.low))Z\"/>"
      }
      svg += "<path class=\"line c\(line.color % 6)\" d=\"M\(path)\"/>"
    }
    // What a pointer can rest on; hundreds of them would only be heavy.
    for line in lines {
      let step = max(1, line.points.count / 60)
      for (index, point) in line.points.enumerated()
      where index % step == 0 || index == line.points.count - 1 {
        // A line of one point is none: its point is shown.
        let mark = line.points.count == 1 ? " lone" : ""
        svg += "<circle class=\"c\(line.color % 6)\(mark)\" cx=\"\(x(point.x))\" "
        svg += "cy=\"\(y(point.y))\" r=\"5\"><title>"
        svg += "\(HTMLText.escape(line.name)), \(HTMLText.escape(xLabel(point.x))): "
        svg += "\(HTMLText.escape(label(point.y)))</title></circle>"
      }
    }
    return svg + "</svg>"
  }

  private static func place(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }
}

/// An axis with marks at round numbers.
struct Scale: Equatable {
  let low: Double
  let high: Double
  let marks: [Double]

  /// - Parameter isPositive: the axis begins at 0.
  init(from least: Double, to most: Double, isPositive: Bool) {
    let span = max(most - least, most.magnitude * 0.1, 1e-6)
    var unit = 1.0
    while unit * 10 <= span { unit *= 10 }
    while unit > span { unit /= 10 }
    // Four to eight of them.
    let step = [0.2, 0.5, 1, 2].map { $0 * unit }.first { span / $0 <= 6 } ?? unit * 2
    let first = isPositive ? 0 : (least / step).rounded(.down)
    let last = max(((least + span) / step).rounded(.up), first + 1)
    low = first * step
    high = last * step
    marks = (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// Marks for seconds from 0 to `end`, as people count time.
  static func timeTicks(to end: Double) -> [Chart.Tick] {
    let steps: [Double] = [
      0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200,
    ]
    let step = steps.first { end / $0 <= 8 } ?? 86400
    return stride(from: 0, through: end, by: step).map { time in
      (time, step < 1 ? "\(Text.fixed(time, 1))s" : Text.time(time))
    }
  }
}
