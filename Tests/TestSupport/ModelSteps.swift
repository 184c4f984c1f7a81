import Foundation

/// How many steps a model run takes.
package enum ModelSteps {
  /// `MODEL_STEPS` for a long run; `usual` without it.
  package static func count(usual: Int) -> Int {
    ProcessInfo.processInfo.environment["MODEL_STEPS"].flatMap { Int($0) } ?? usual
  }
}
