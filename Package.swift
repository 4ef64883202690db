// swift-tools-version: 6.2
import PackageDescription

// The plugins, one a line. `BuiltInPlugins` is the registry that names the same ones in Swift.
// (Discovery by listing folders would break SwiftPM's manifest cache: Docs/architecture.md.)
let attacks = [
  "APGD",
  "CarliniWagner",
  "DDN",
  "DeepFool",
  "FAB",
  "FGSM",
  "FMN",
  "FeatureGuided",
  "MIFGSM",
  "NES",
  "PGD",
  "RandomNoise",
  "RayS",
  "Square",
]
let certificates = [
  "BranchAndBound",
  "IntervalBounds",
  "JointBounds",
  "LinearBounds",
]
let samplers = [
  "HMC",
  "SGDEnsemble",
  "VariationalInference",
]
let metrics = [
  "Calibration",
  "RobustAccuracy",
  "SoftmaxRobustness",
  "Uncertainty",
]

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let libm: [LinkerSetting] = [.linkedLibrary("m", .when(platforms: [.linux]))]

func plugin(_ name: String, in folder: String) -> Target {
  .target(
    name: name, dependencies: ["RobustnessCore"], path: "Plugins/\(folder)/\(name)", exclude: ["README.md"],
    swiftSettings: strict)
}

// `swift package new-attack NAME`: three commands over one tool.
func command(_ name: String, verb: String, _ description: String) -> Target {
  .plugin(
    name: name,
    capability: .command(
      intent: .custom(verb: verb, description: description),
      permissions: [
        .writeToPackageDirectory(reason: "It adds a plugin's folder, its test, and its lines in two lists.")
      ]),
    dependencies: ["new-plugin"], path: "Plugins/SwiftPM/\(name)")
}

/// A certificate has the bounds that all are made of.
func certificate(_ name: String) -> Target {
  .target(
    name: name, dependencies: ["RobustnessCore", "BoundPropagation"], path: "Plugins/Certificates/\(name)",
    exclude: ["README.md"], swiftSettings: strict)
}

/// A sampler sees the public face of networks too: mini-batches and gradients are theirs.
func sampler(_ name: String) -> Target {
  .target(
    name: name, dependencies: ["RobustnessCore", "NeuralNetworks"], path: "Plugins/Samplers/\(name)",
    exclude: ["README.md"], swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: strict)
}

// `make docs` needs DocC's commands; who only builds or depends on this package never resolves them.
let documentation: [Package.Dependency] =
  Context.environment["ROBUSTNESS_DOCC"] == "1"
  ? [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0")] : []

let package = Package(
  name: "bayesian-robustness",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "RobustnessCore", targets: ["RobustnessCore"]),
    .library(name: "BoundPropagation", targets: ["BoundPropagation"]),
    .library(name: "EvaluationHarness", targets: ["EvaluationHarness", "BuiltInPlugins"]),
    .library(name: "TrainingHarness", targets: ["TrainingHarness", "BuiltInPlugins"]),
    .library(name: "RobustnessTesting", targets: ["RobustnessTesting"]),
    .library(name: "SharedBenchmark", targets: ["SharedBenchmark", "BuiltInPlugins"]),
    .executable(name: "evaluate", targets: ["evaluate"]),
    .executable(name: "train", targets: ["train"]),
    .executable(name: "reproduce", targets: ["reproduce"]),
    .executable(name: "benchmark", targets: ["benchmark"]),
    .executable(name: "posterior", targets: ["posterior"]),
    .executable(name: "datasets", targets: ["DatasetsTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
  ] + documentation,
  targets: [
    // MARK: - The vocabulary
    .target(name: "CTensorLoops", path: "Sources/Core/CTensorLoops", linkerSettings: libm),
    .target(
      name: "RobustnessCore", dependencies: ["CTensorLoops"], path: "Sources/Core/RobustnessCore", swiftSettings: strict
    ),

    // What certificates are made of.
    .target(
      name: "BoundPropagation", dependencies: ["RobustnessCore", "CTensorLoops"], path: "Sources/Core/BoundPropagation",
      swiftSettings: strict),

    // Conformance checks for tests of plugins, here and elsewhere.
    .target(
      name: "RobustnessTesting", dependencies: ["RobustnessCore", "NeuralNetworks", "Diagnostics"],
      path: "Sources/Core/RobustnessTesting", exclude: ["README.md"], swiftSettings: strict),

    // How programs end, are interrupted, write and ask back.
    .target(
      name: "Shell", dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/Tools/Shell", swiftSettings: strict),

    // MARK: - Networks
    .target(name: "COneDNN", path: "Sources/Networks/COneDNN", linkerSettings: libm),
    .target(name: "CComputeKernels", path: "Sources/Networks/CComputeKernels", linkerSettings: libm),
    .target(
      name: "ComputeKernels", dependencies: ["COneDNN", "CComputeKernels"], path: "Sources/Networks/ComputeKernels",
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "NeuralNetworks", dependencies: ["RobustnessCore", "ComputeKernels", "CComputeKernels"],
      path: "Sources/Networks/NeuralNetworks", swiftSettings: strict),

    // MARK: - Files
    .systemLibrary(
      name: "CHDF5", path: "Sources/Files/CHDF5", pkgConfig: "hdf5",
      providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .target(name: "HDF5", dependencies: ["CHDF5"], path: "Sources/Files/HDF5", swiftSettings: strict),
    .systemLibrary(name: "CZlib", path: "Sources/Files/CZlib"),
    .target(
      name: "ArrayFiles", dependencies: ["CZlib", "Shell"], path: "Sources/Files/ArrayFiles", swiftSettings: strict),
    .target(name: "CPNG", path: "Sources/Files/CPNG"),
    .target(
      name: "PosteriorFiles",
      dependencies: [
        "RobustnessCore", "NeuralNetworks", "HDF5", "ArrayFiles", "CPNG", "Shell",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Sources/Files/PosteriorFiles", swiftSettings: strict),

    .target(
      name: "Datasets",
      dependencies: [
        "RobustnessCore", "PosteriorFiles", "ArrayFiles", "Shell", .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Sources/Files/Datasets", swiftSettings: strict),

    .target(
      name: "NetworkImport",
      dependencies: ["RobustnessCore", "NeuralNetworks", "ArrayFiles", "PosteriorFiles", "Shell"],
      path: "Sources/Files/NetworkImport", swiftSettings: strict),

    // MARK: - Evaluation
    .target(
      name: "Diagnostics", dependencies: ["RobustnessCore"], path: "Sources/Reports/Diagnostics", swiftSettings: strict,
      linkerSettings: libm),
    .target(
      name: "Reporting", dependencies: ["RobustnessCore"], path: "Sources/Reports/Reporting", swiftSettings: strict),
    .target(
      name: "PosteriorReports",
      dependencies: [
        "RobustnessCore", "ComputeKernels", "NeuralNetworks", "PosteriorFiles", "Diagnostics", "Reporting",
      ], path: "Sources/Reports/PosteriorReports", swiftSettings: strict),
    .target(
      name: "BuiltInPlugins",
      dependencies: ["RobustnessCore"] + (attacks + certificates + samplers + metrics).map { .target(name: $0) },
      path: "Sources/Evaluation/BuiltInPlugins", swiftSettings: strict),
    // Attacks from shared libraries, in C and whatever can be called like it.
    .target(name: "CRobustnessPlugin", path: "Sources/Evaluation/CRobustnessPlugin"),
    .target(
      name: "ForeignPlugins", dependencies: ["RobustnessCore", "CRobustnessPlugin"],
      path: "Sources/Evaluation/ForeignPlugins", swiftSettings: strict),
    .target(
      name: "EvaluationHarness",
      dependencies: [
        "RobustnessCore", "ForeignPlugins", "ComputeKernels", "NeuralNetworks", "PosteriorFiles", "HDF5", "Diagnostics",
        "Reporting",
        "Shell", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/Evaluation/EvaluationHarness", swiftSettings: strict),

    // MARK: - Training
    .target(
      name: "TrainingHarness",
      dependencies: [
        "RobustnessCore", "ComputeKernels", "NeuralNetworks", "HDF5", "PosteriorFiles", "Datasets", "Diagnostics",
        "PosteriorReports", "Reporting", "Shell", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/Training/TrainingHarness", swiftSettings: strict),

    .target(
      name: "SharedBenchmark",
      dependencies: [
        "RobustnessCore", "NeuralNetworks", "EvaluationHarness", "PosteriorFiles", "Reporting", "Shell",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], path: "Sources/Evaluation/SharedBenchmark", swiftSettings: strict),
    .target(
      name: "PaperExperiments",
      dependencies: [
        "RobustnessCore", "NeuralNetworks", "ComputeKernels", "Diagnostics", "Datasets", "PosteriorFiles",
        "PosteriorReports", "Reporting", "HDF5", "Shell", "TrainingHarness", "EvaluationHarness", "FGSM", "PGD",
        "RandomNoise", "LinearBounds", "JointBounds",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], path: "Sources/Training/PaperExperiments", swiftSettings: strict, linkerSettings: libm),

    // MARK: - Programs
    .executableTarget(
      name: "train", dependencies: ["TrainingHarness", "BuiltInPlugins"], path: "Sources/Programs/train",
      swiftSettings: strict),
    .executableTarget(
      name: "reproduce", dependencies: ["PaperExperiments", "BuiltInPlugins"], path: "Sources/Programs/reproduce",
      swiftSettings: strict),
    .executableTarget(
      name: "evaluate", dependencies: ["EvaluationHarness", "BuiltInPlugins"], path: "Sources/Programs/evaluate",
      swiftSettings: strict),
    .executableTarget(
      name: "benchmark", dependencies: ["SharedBenchmark", "BuiltInPlugins"], path: "Sources/Programs/benchmark",
      swiftSettings: strict),
    .executableTarget(
      name: "posterior",
      dependencies: [
        "RobustnessCore", "ComputeKernels", "NeuralNetworks", "PosteriorFiles", "NetworkImport", "Diagnostics",
        "PosteriorReports", "Reporting", "Shell", "TrainingHarness",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/Programs/posterior", swiftSettings: strict),

    // A folder `datasets` beside `Datasets` would be the same folder on macOS; the product has the name.
    .executableTarget(
      name: "DatasetsTool",
      dependencies: [
        "Datasets", "PosteriorFiles", "Shell", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/Programs/DatasetsTool", swiftSettings: strict),

    // MARK: - Commands of the package
    .target(name: "PluginScaffold", path: "Sources/Tools/PluginScaffold", swiftSettings: strict),
    .executableTarget(
      name: "new-plugin", dependencies: ["PluginScaffold"], path: "Sources/Tools/new-plugin", swiftSettings: strict),
    command("NewAttack", verb: "new-attack", "Adds an attack to this package: a working example to change"),
    command("NewMetric", verb: "new-metric", "Adds a metric to this package: a working example to change"),
    command("NewSampler", verb: "new-sampler", "Adds a sampler to this package: a working example to change"),

    // MARK: - Tests
    .executableTarget(
      name: "benchmarks",
      dependencies: [
        "RobustnessCore", "NeuralNetworks", "ComputeKernels", "PGD", "MIFGSM", "HMC", "LinearBounds", "PosteriorFiles",
      ],
      path: "Tests/Benchmarks/Swift", swiftSettings: strict),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(name: "TestSupport", dependencies: ["RobustnessCore"], path: "Tests/TestSupport", swiftSettings: strict),
    tests("RobustnessCoreTests", ["RobustnessCore", "CTensorLoops"]),
    tests(
      "BoundPropagationTests",
      [
        "BoundPropagation", "RobustnessCore", "CTensorLoops", "ComputeKernels", "NeuralNetworks", "PosteriorFiles",
        "HDF5",
      ] + certificates.map { .target(name: $0) }, exclude: ["README.md"]),
    tests("ShellTests", ["Shell", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    tests("ComputeKernelsTests", ["ComputeKernels", "CComputeKernels"]),
    tests(
      "NeuralNetworksTests",
      [
        "NeuralNetworks", "ComputeKernels", "CComputeKernels", "RobustnessCore", "PosteriorFiles", "HDF5",
        "CAllocationCounter",
      ]),
    tests("ArrayFilesTests", ["ArrayFiles"]),
    tests(
      "NetworkImportTests",
      ["NetworkImport", "NeuralNetworks", "ArrayFiles", "PosteriorFiles", "RobustnessCore", "HDF5", "Shell"]),
    tests("PosteriorFilesTests", ["PosteriorFiles", "NeuralNetworks", "HDF5", "RobustnessCore", "posterior"]),
    tests("DiagnosticsTests", ["Diagnostics", "RobustnessCore"]),
    tests(
      "PosteriorReportsTests",
      ["PosteriorReports", "Diagnostics", "Reporting", "PosteriorFiles", "NeuralNetworks", "RobustnessCore"]),
    tests(
      "PluginTests",
      ["RobustnessCore", "RobustnessTesting", "BuiltInPlugins"] + (attacks + metrics).map { .target(name: $0) }),
    tests("PluginScaffoldTests", ["PluginScaffold", "RobustnessCore"]),
    tests("ForeignPluginsTests", ["ForeignPlugins", "RobustnessCore", "RobustnessTesting", "PGD"]),
    tests(
      "SharedBenchmarkTests",
      [
        "SharedBenchmark", "RobustnessCore", "BuiltInPlugins",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests("RobustnessTestingTests", ["RobustnessTesting", "RobustnessCore", "NeuralNetworks"]),
    tests(
      "SamplerTests",
      ["RobustnessCore", "NeuralNetworks", "ComputeKernels", "Datasets", "Diagnostics", "HDF5", "RobustnessTesting"]
        + samplers.map { .target(name: $0) }),
    tests(
      "EvaluationHarnessTests",
      [
        "EvaluationHarness", "RobustnessCore", "NeuralNetworks", "PosteriorFiles", "HDF5", "BuiltInPlugins",
        "ComputeKernels", "Diagnostics", "FGSM", "PGD", "RandomNoise", "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], exclude: ["Snapshots"]),
    tests(
      "PaperExperimentsTests",
      [
        "PaperExperiments", "EvaluationHarness", "RobustnessCore", "NeuralNetworks", "PosteriorFiles",
        "TrainingHarness", "BuiltInPlugins", "HMC", "Datasets", "Shell", "reproduce",
      ]),
    tests("DatasetsTests", ["Datasets", "RobustnessCore", "PosteriorFiles", "HDF5", "CZlib", "DatasetsTool"]),
    tests(
      "TrainingHarnessTests",
      [
        "TrainingHarness", "RobustnessCore", "NeuralNetworks", "PosteriorFiles", "HDF5", "Datasets", "BuiltInPlugins",
        "Shell", "train", "posterior",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests(
      "EndToEndTests",
      [
        "PosteriorFiles", "NeuralNetworks", "HDF5", "RobustnessCore", "ComputeKernels", "SharedBenchmark", "evaluate",
        "posterior", "benchmark", "train", "reproduce", "DatasetsTool",
      ]),
  ]
    + attacks.map { plugin($0, in: "Attacks") }
    + certificates.map(certificate)
    + samplers.map { sampler($0) }
    + metrics.map { plugin($0, in: "Metrics") }
)
