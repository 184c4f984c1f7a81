// swift-tools-version: 6.2

import PackageDescription

/// What every Swift target is compiled with. Strict memory safety keeps C's pointers in `Reactor`;
/// a warning is an error.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "belfry",
  products: [
    .executable(name: "belfry", targets: ["belfry"]),
    .executable(name: "belfry-bench", targets: ["belfry-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
  ],
  targets: [
    .target(name: "TextCoding", swiftSettings: settings),
    .systemLibrary(
      name: "CReactor", pkgConfig: "libevent_core libevent_extra",
      providers: [.apt(["libevent-dev", "libhiredis-dev"])]),
    .target(name: "Reactor", dependencies: ["CReactor", "TextCoding"], swiftSettings: settings),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "Crypto", dependencies: ["CCrypto"], swiftSettings: settings),
    .target(name: "BelfryVersion", swiftSettings: settings),
    .target(name: "Events", dependencies: ["TextCoding"], swiftSettings: settings),
    .target(
      name: "EventStream", dependencies: ["Events", "TextCoding"], swiftSettings: settings),
    .target(
      name: "Hub", dependencies: ["EventStream", "Events", "TextCoding"], swiftSettings: settings),
    .target(name: "WebForms", dependencies: ["TextCoding"], swiftSettings: settings),
    .target(
      name: "Chat",
      dependencies: ["Crypto", "Events", "TextCoding"], resources: [.embedInCode("Resources")],
      swiftSettings: settings),
    .target(
      name: "RedisBackplane",
      dependencies: [
        "Events", "EventStream", "Hub", "Reactor", "TextCoding",
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .target(name: "Limits", dependencies: ["Events", "Reactor"], swiftSettings: settings),
    .target(
      name: "Responses",
      dependencies: ["Crypto", "EventStream", "Hub", "Reactor", "TextCoding", "WebForms"],
      swiftSettings: settings),
    .target(
      name: "Operations",
      dependencies: [
        "BelfryVersion", "Events", "Hub", "Limits", "Reactor", "Responses", "TextCoding",
        "WebForms", .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("StatusPage/Resources")],
      swiftSettings: settings),
    .target(
      name: "Handover",
      dependencies: [
        "Events", "Hub", "Reactor", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .target(
      name: "BelfryServer",
      dependencies: [
        "Chat", "Events", "Handover", "Hub", "Limits", "Operations", "Reactor",
        "RedisBackplane", "Responses", "TextCoding", "WebForms",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .target(
      name: "BelfryClient", dependencies: ["EventStream", "Reactor", "TextCoding"],
      swiftSettings: settings),
    .executableTarget(
      name: "belfry",
      dependencies: [
        "BelfryClient", "BelfryServer", "BelfryVersion",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"), "Chat", "EventStream",
        "Handover", "Hub", "Limits", "Operations", "Reactor", "RedisBackplane",
        "Responses", "TextCoding",
      ],
      swiftSettings: settings),
    .target(
      name: "LoadTest",
      dependencies: [
        "BelfryClient", "BelfryVersion", "EventStream", "Reactor", "TextCoding",
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      path: "Benchmarks/LoadTest", swiftSettings: settings),
    .executableTarget(
      name: "belfry-bench",
      dependencies: [
        "BelfryVersion", "LoadTest",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/belfry-bench", swiftSettings: settings),
    .testTarget(name: "TextCodingTests", dependencies: ["TextCoding"], swiftSettings: settings),
    .testTarget(
      name: "WebFormsTests", dependencies: ["TestSupport", "WebForms"], swiftSettings: settings),
    .testTarget(name: "CryptoTests", dependencies: ["Crypto"], swiftSettings: settings),
    .testTarget(
      name: "EventsTests", dependencies: ["Events", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "EventStreamTests", dependencies: ["EventStream", "Events", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "HubTests", dependencies: ["Hub", "EventStream", "Events", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ChatTests", dependencies: ["Chat", "Events", "TestSupport", "TextCoding"],
      swiftSettings: settings),
    .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
      name: "TestSupport", dependencies: ["CTestSupport", "Events", "Hub", "Reactor"],
      path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(
      name: "ReactorTests", dependencies: ["Reactor", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "RedisBackplaneTests",
      dependencies: ["EventStream", "Events", "Hub", "Reactor", "RedisBackplane", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "LimitsTests", dependencies: ["Events", "Limits", "Reactor", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "HandoverTests",
      dependencies: ["EventStream", "Events", "Handover", "Hub", "Reactor", "TestSupport"],
      exclude: ["Fixtures"],
      swiftSettings: settings),
    .testTarget(
      name: "ResponsesTests", dependencies: ["Reactor", "Responses"], swiftSettings: settings),
    .testTarget(
      name: "OperationsTests",
      dependencies: [
        "EventStream", "Events", "Hub", "Limits", "Operations", "Reactor", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BelfryClientTests",
      dependencies: ["BelfryClient", "EventStream", "Events", "Reactor", "TestSupport", "belfry"],
      swiftSettings: settings),
    .testTarget(
      name: "BelfryServerTests",
      dependencies: [
        "BelfryServer", "Chat", "EventStream", "Events", "Hub", "Limits", "Operations", "Reactor",
        "RedisBackplane", "Responses", "TestSupport", "belfry",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "LoadTestTests",
      dependencies: [
        "BelfryClient", "EventStream", "Events", "LoadTest", "Reactor", "TestSupport", "belfry",
        "belfry-bench",
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: settings),
  ]
)

// A part of the tests with what they stand on, for a short loop: scripts/test names the part.
let parts = [
  "core": [
    "ChatTests", "CryptoTests", "EventStreamTests", "EventsTests", "HubTests", "TextCodingTests",
    "WebFormsTests",
  ],
  "asan": [
    "BelfryClientTests", "BelfryServerTests", "CryptoTests", "HandoverTests", "LimitsTests",
    "OperationsTests", "ReactorTests", "RedisBackplaneTests", "ResponsesTests",
  ],
]
if let part = Context.environment["BELFRY_PART"], !part.isEmpty {
  // Nothing can be built of a name that scripts/test misspelt.
  guard var needed = parts[part] else { fatalError("There is no part \(part).") }
  // Grows while it is walked, by what each of its targets stands on.
  var index = 0
  while index < needed.count {
    for target in package.targets where target.name == needed[index] {
      for case .byNameItem(let name, _) in target.dependencies where !needed.contains(name) {
        needed.append(name)
      }
    }
    index += 1
  }
  package.targets.removeAll { !needed.contains($0.name) }
  package.products.removeAll { !needed.contains($0.name) }
}

// The microbenchmarks, for whoever asks for them (Benchmarks/Micro/compare does): an ordinary build
// neither fetches their library nor compiles them.
if Context.environment["BELFRY_MICRO"] != nil {
  package.dependencies.append(
    // Its default traits count allocations by a library that takes malloc's place.
    .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []))
  package.targets += [
    .target(
      name: "MicroCases",
      dependencies: [
        "BelfryServer", "EventStream", "Events", "Hub", "Reactor", "TestSupport", "WebForms",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Benchmarks/Micro/Cases", swiftSettings: settings),
    .executableTarget(
      name: "micro-count",
      dependencies: [
        "MicroCases", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Micro/Count", swiftSettings: settings),
    .executableTarget(
      name: "Micro",
      dependencies: ["MicroCases", .product(name: "Benchmark", package: "benchmark")],
      path: "Benchmarks/Micro",
      exclude: ["Cases", "Count", "compare", "instructions.json", "memory"],
      swiftSettings: settings, plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ]
}
