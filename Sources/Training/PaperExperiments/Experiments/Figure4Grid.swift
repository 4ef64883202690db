import RobustnessCore

/// The grids of networks in the paper's supplement, and samples of them.
enum Figure4Grid {
  /// One network.
  struct Member: Sendable, Hashable {
    var method: String
    var width: Int
    var depth: Int
    var activation: String
    /// Further options by their names in the supplement's tables.
    var options: [String: Double]
  }

  static let activations = ["relu", "tanh", "sigmoid"]

  /// *HMC MNIST/Fashion MNIST grid search*: 972.
  static let hmc: [Member] = product([128, 256, 512], [1, 2, 3]).flatMap { width, depth, activation in
    [250.0, 500, 750].flatMap { samples in
      [0.01, 0.005, 0.001, 0.0001].flatMap { step in
        [10.0, 15, 20].map { steps in
          Member(
            method: "hmc", width: width, depth: depth, activation: activation,
            options: ["samples": samples, "step": step, "steps": steps])
        }
      }
    }
  }

  /// *SGD MNIST/Fashion MNIST grid search*, the first table of that name: 1,080.
  static let sgd: [Member] = product([64, 128, 256, 512, 1024], [1, 2, 3]).flatMap { width, depth, activation in
    [128.0, 256, 512, 1024].flatMap { batch in
      [3.0, 5, 7, 9, 12, 15].map { epochs in
        Member(
          method: "sgd", width: width, depth: depth, activation: activation,
          options: ["batch": batch, "epochs": epochs, "rate": 0.001])
      }
    }
  }

  /// The second table that is titled *SGD*, by all signs that of VI: 960.
  static let vi: [Member] = product([64, 128, 256, 512], [2, 3, 4, 5]).flatMap { width, depth, activation in
    [0.001, 0.005, 0.01, 0.05].flatMap { rate in
      [5.0, 10, 15, 20, 25].map { epochs in
        Member(
          method: "vi", width: width, depth: depth, activation: activation, options: ["epochs": epochs, "rate": rate])
      }
    }
  }

  private static func product(_ widths: [Int], _ depths: [Int]) -> [(Int, Int, String)] {
    widths.flatMap { width in depths.flatMap { depth in activations.map { (width, depth, $0) } } }
  }

  /// So many members, as many of each width as of any other (the first widths get what is left over), at random with a
  /// seed.
  static func stratified(_ grid: [Member], count: Int, seed: UInt64) -> [Member] {
    guard count < grid.count else { return grid }
    let widths = Set(grid.map(\.width)).sorted()
    let streams = RandomStreams(seed: seed, purpose: "paper/figure4-sample")
    var chosen: [Member] = []
    for (index, width) in widths.enumerated() {
      let members = grid.filter { $0.width == width }
      var stream = streams.stream(example: index)
      let keys = stream.uniforms(members.count)
      let wanted = count / widths.count + (index < count % widths.count ? 1 : 0)
      chosen += members.indices.sorted { keys[$0] < keys[$1] }.prefix(wanted).map { members[$0] }
    }
    return chosen
  }
}
