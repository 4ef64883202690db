// swift-tools-version: 6.2
import PackageDescription

// Built apart from the package, with libFuzzer's instrumentation: README.md has the command.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "bayesian-robustness", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz-parsers",
      dependencies: [
        .product(name: "TrainingHarness", package: "bayesian-robustness"),
        .product(name: "SharedBenchmark", package: "bayesian-robustness"),
      ],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
    .executableTarget(
      name: "fuzz-files", dependencies: [.product(name: "TrainingHarness", package: "bayesian-robustness")]),
  ]
)
