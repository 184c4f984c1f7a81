package import Foundation

/// The tool's result files.
package enum ReportFile {
  /// A report, or whatever else the tool writes, as JSON with snake_case keys.
  package static func data(_ value: some Encodable) throws(BadInput) -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .throw
    do {
      return try encoder.encode(value)
    } catch {
      throw BadInput("the figures can't be written as JSON: \(error)")
    }
  }

  package static func read<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: data)
  }

  package static func write(_ data: Data, to path: String) throws(BadInput) {
    do {
      try data.write(to: URL(fileURLWithPath: path))
    } catch {
      throw BadInput("\(path) can't be written: \(error.localizedDescription)")
    }
  }

  package static func write(_ text: String, to path: String) throws(BadInput) {
    try write(Data(text.utf8), to: path)
  }

  /// What reports are called side by side: by their targets, or, where those don't tell them apart, by
  /// their files.
  package static func names(of reports: [Report], at paths: [String]) -> [String] {
    let targets = reports.map(\.target)
    guard Set(targets).count < targets.count else { return targets }
    return paths.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
  }

  /// - Throws: when the file can't be read, or is no report.
  package static func report(at path: String) throws(BadInput) -> Report {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw BadInput("\(path) can't be read: \(error.localizedDescription)")
    }
    do {
      return try read(Report.self, from: data)
    } catch {
      throw BadInput("\(path) is not a belfry-bench report: \(error)")
    }
  }
}
