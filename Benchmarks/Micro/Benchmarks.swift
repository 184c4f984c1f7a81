internal import Benchmark
internal import MicroCases

/// What the package's runner calls first: the same cases, by the clock.
let benchmarks: @Sendable () -> Void = {
  let configuration = Benchmark.Configuration(
    metrics: [.wallClock, .cpuTotal, .throughput], warmupIterations: 3, maxDuration: .seconds(2))
  for each in Case.all {
    // Prepared when it is first wanted: the runner also asks for the names alone.
    var run: ((Int) throws -> Void)?
    Benchmark(each.name, configuration: configuration) { benchmark in
      let ready = try run ?? each.makeReady()
      run = ready
      benchmark.startMeasurement()
      try ready(each.repetitions)
      benchmark.stopMeasurement()
    }
  }
}
