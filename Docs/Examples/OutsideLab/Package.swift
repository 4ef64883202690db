// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "outside-lab",
  platforms: [.macOS(.v15)],
  dependencies: [
    // Your checkout; the name is needed when its folder is called otherwise. From a repository: .package(url: "https://…/bayesian-robustness", branch: "main")
    .package(name: "bayesian-robustness", path: "../../..")
  ],
  targets: [
    // The plugins: they need the vocabulary only.
    .target(
      name: "OutsideLab", dependencies: [.product(name: "RobustnessCore", package: "bayesian-robustness")]),
    // The whole program: `evaluate` with an attack more.
    .executableTarget(
      name: "momentum-lab",
      dependencies: ["OutsideLab", .product(name: "EvaluationHarness", package: "bayesian-robustness")]),
    // The same for an ensemble that comes from no file.
    .executableTarget(
      name: "no-file-lab",
      dependencies: ["OutsideLab", .product(name: "EvaluationHarness", package: "bayesian-robustness")]),
    // `train` with a sampler more.
    .executableTarget(
      name: "train-lab",
      dependencies: ["OutsideLab", .product(name: "TrainingHarness", package: "bayesian-robustness")]),
    // The shared benchmark with an attack more.
    .executableTarget(
      name: "benchmark-lab",
      dependencies: ["OutsideLab", .product(name: "SharedBenchmark", package: "bayesian-robustness")]),
    .testTarget(
      name: "OutsideLabTests",
      dependencies: ["OutsideLab", .product(name: "RobustnessTesting", package: "bayesian-robustness")]),
  ]
)
