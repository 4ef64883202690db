internal import CComputeKernels
internal import ComputeKernels
import RobustnessCore

/// Passes examples through draws in fixed units of work and adds up what the draws say, in a fixed order.
///
/// A unit is one block of examples through one group of draws. The number of rows of a block and of draws in a group
/// are fixed when the engine is made, and the results of the groups are added in order, so that no bit depends on the
/// number of threads, on the number of examples, or on how many draws are in memory at a time.
///
/// One pass at a time: the ensemble that owns it holds a lock, since the store and the workspaces serve one.
final class BlockEngine: Sendable {
  /// Rows of a block, the first that will do. With about 250 the packed weights of dense layers are reused enough, and
  /// activations of the usual widths stay near the core; a convolution reuses its weights within one image, and its
  /// activations are larger by far. The others are for kernels whose bits depend on a row's place in such a block; with
  /// one row there is only one place.
  static func blockRows(_ architecture: Architecture) -> [Int] {
    let hasImages = architecture.hasConvolutions
    return hasImages ? [16, 8, 4, 1] : [250, 256, 128, 64, 32, 16, 1]
  }
  /// Draws whose input gradients add up inside the products, as one product with that many times the inner dimension.
  static let drawsPerGroup = 8

  /// A network compiled for one size of block, with what its workers own.
  private struct Lane: Sendable {
    let network: CompiledNetwork
    let spaces: [Workspace]
    /// The part before it that all draws share.
    let trunk: Trunk?
    var rows: Int { network.rows }

    init(_ network: CompiledNetwork, _ trunk: CompiledNetwork?, backward: Bool, threads: Int) throws {
      self.network = network
      spaces = try (0..<threads).map { _ in try Workspace(network, backward: backward) }
      self.trunk = try trunk.map { try Trunk($0, backward: backward, threads: threads) }
    }
  }

  /// The part of a network that all draws share, with its packed parameters.
  private struct Trunk: Sendable {
    let network: CompiledNetwork
    let spaces: [Workspace]
    let memory: AlignedMemory
    let draw: PackedDraw

    init(_ network: CompiledNetwork, backward: Bool, threads: Int) throws {
      self.network = network
      spaces = try (0..<threads).map { _ in try Workspace(network, backward: backward) }
      let (offsets, bytes) = network.packing(backward: backward)
      memory = AlignedMemory(bytes: bytes)
      draw = PackedDraw(base: memory.base, offsets: offsets)
    }
  }

  /// Rows of blocks for what would mostly be padding in a large one.
  static let smallBlockRows = [128, 32]

  private let store: DrawStore
  private let large: Lane
  /// Those of fewer rows that give the same bits as the large one, and whether they do with a gradient too.
  private let small: [(lane: Lane, servesGradients: Bool)]
  /// Without a gradient and with one.
  private let plans: (forward: BlockPlan, gradient: BlockPlan)
  private let team: WorkerTeam
  private let normalization: Normalization?
  /// Numbers that a draw's own part takes, for one example.
  private let inputSize: Int
  /// Numbers of an input, where draws share a part of the network.
  private let outerSize: Int?
  private let classes: Int

  /// Draws in a group; where the first layer is no product, each draw's gradient is added in double by itself.
  var groupSize: Int { large.network.accumulatesInputGradient ? Self.drawsPerGroup : 1 }

  /// - Parameters:
  ///   - isAudited: Whether the kernels are measured before anything is left to them; nil: those of oneDNN are. The
  ///     portable ones multiply row by row.
  ///   - compile: The network for a number of rows; nil: the kernels of `library`.
  ///   - parts: The same in two parts, where draws share the first.
  init(
    _ source: any WeightSource, precision: Precision, library: KernelLibrary, backward: Bool, threads: Int,
    budget: Int?, packedBytes: Int? = nil, inputMagnitude: Double, isAudited: Bool? = nil,
    compile: ((_ rows: Int) throws -> CompiledNetwork)? = nil,
    parts: ((_ rows: Int) throws -> (trunk: CompiledNetwork, head: CompiledNetwork)?)? = nil
  ) throws {
    let compile =
      compile
      ?? { try CompiledNetwork(source.architecture, rows: $0, precision: precision, library: library) }
    let isAudited = isAudited ?? (library == .oneDNN && precision != .float64)
    func audit(_ lane: Lane) throws -> RowAudit? {
      guard isAudited else { return nil }
      if let trunk = lane.trunk {
        let audit = try RowAudit(trunk.network, backward: backward, worker: trunk.spaces[0].worker)
        guard audit.isIndependentOfPlace else { return audit }
      }
      return try RowAudit(lane.network, backward: backward, worker: lane.spaces[0].worker)
    }
    let sizes = Self.blockRows(source.architecture)
    func lane(_ rows: Int) throws -> Lane {
      if let (trunk, head) = try parts?(rows) {
        return try Lane(head, trunk, backward: backward, threads: threads)
      }
      return try Lane(try compile(rows), nil, backward: backward, threads: threads)
    }
    func firstIndependent() throws -> (Lane, RowAudit?) {
      for rows in sizes.dropLast() {
        let lane = try lane(rows)
        let audit = try audit(lane)
        if audit?.isIndependentOfPlace != false { return (lane, audit) }
      }
      return (try lane(sizes.last!), nil)
    }
    let (large, largeAudit) = try firstIndependent()
    self.large = large
    let network = large.network
    // A convolution's large blocks are small.
    let small: [(lane: Lane, servesGradients: Bool)] = try Self.smallBlockRows.compactMap { rows in
      guard large.rows > rows, large.trunk == nil else { return nil }
      let few = try compile(rows)
      guard few.packsLike(network) else { return nil }
      let lane = try Lane(few, nil, backward: backward, threads: threads)
      guard let largeAudit, let fewAudit = try audit(lane) else { return (lane, true) }
      let agreement = fewAudit.isIndependentOfPlace ? fewAudit.agrees(with: largeAudit) : (false, false)
      return agreement.0 ? (lane, agreement.1) : nil
    }
    self.small = small
    func plan(_ lanes: [Lane]) -> BlockPlan {
      BlockPlan(
        sizes: [large.rows] + lanes.map(\.rows), operationsPerExample: source.architecture.operationsPerExample)
    }
    plans = (plan(small.map(\.lane)), plan(small.filter(\.servesGradients).map(\.lane)))
    var inputMagnitude = inputMagnitude
    var budget = budget
    if let trunk = large.trunk {
      inputMagnitude = try Self.pack(trunk, source, backward: backward, inputMagnitude: inputMagnitude)
      let taken = trunk.memory.bytes + threads * Workspace.bytes(trunk.network, backward: backward)
      budget = budget.map { $0 - taken }
    }
    let workspaces = ([large] + small.map(\.lane)).map { Workspace.bytes($0.network, backward: backward) }.reduce(0, +)
    store = DrawStore(
      source, network: network, backward: backward, workers: large.spaces.map(\.worker),
      budget: packedBytes ?? budget.map { $0 - threads * workspaces },
      inputMagnitude: inputMagnitude)
    team = WorkerTeam(count: threads)
    normalization = Normalization(source.architecture)
    inputSize = large.network.inputShape.reduce(1, *)
    outerSize = large.trunk?.network.inputShape.reduce(1, *)
    classes = source.architecture.classCount
  }

  /// Packs what all draws share; gives the magnitude that its result can reach.
  private static func pack(
    _ trunk: Trunk, _ source: any WeightSource, backward: Bool, inputMagnitude: Double
  ) throws -> Double {
    var parameters = [Float](repeating: 0, count: source.architecture.parameterCount)
    try parameters.withUnsafeMutableBufferPointer {
      try source.read(draw: 0, into: $0)
      try trunk.network.flushSubnormals($0, of: "what all draws share")
    }
    return try parameters.withUnsafeBufferPointer { buffer in
      let pointer = buffer.baseAddress!
      try trunk.network.pack(pointer, into: trunk.draw, backward: backward, worker: trunk.spaces[0].worker)
      let bounds = trunk.network.bounds(pointer, inputMagnitude: inputMagnitude)
      let limit = trunk.network.precision == .float64 ? 1e300 : 1e37
      guard trunk.network.checksFiniteness || bounds.largest < limit else {
        throw CoreError(
          "the weights that all draws share are so large that activations can reach \(bounds.largest), beyond float32: "
            + "its outputs would mean nothing")
      }
      return bounds.result
    }
  }

  /// What a pass adds up.
  struct Request: Sendable {
    var prediction = true
    var gradient: Objective?
    /// Of an uncertainty, in the place of an objective.
    var score: ScoreSlopes?
    var firstPass: FirstPass?
    var arithmetic = DerivativeArithmetic.scaled
    var naive: Bool { arithmetic == .naive }
    var hasGradient: Bool { gradient != nil || score != nil }
    var naiveMean = false
    var members: MemberOutput?
  }

  /// Packs `draws` now when they stay in memory.
  func prepare(_ draws: [Int]) throws { try store.prepare(draws) }

  /// What its blocks run, for all examples and then for few.
  func kernelUses(_ passes: Set<KernelUse.Pass>) -> [KernelUse] {
    let few = small.reversed().flatMap {
      $0.lane.network.kernelUses($0.servesGradients ? passes : passes.intersection([.forward]))
    }
    return (large.trunk?.network.kernelUses(passes) ?? []) + large.network.kernelUses(passes) + few
  }

  /// The blocks that so many examples go in, by their rows; through draws: those of this number of workers.
  func blockRows(examples: Int, hasGradient: Bool = false, draws: BlockPlan.Draws? = nil) -> [Int] {
    let plan = hasGradient ? plans.gradient : plans.forward
    return draws.map { plan.blocks(for: examples, through: $0, workers: team.count) } ?? plan.blocks(for: examples)
  }

  /// The blocks that so many examples go in.
  private func blocks(_ examples: Int, through draws: BlockPlan.Draws, hasGradient: Bool) -> [Block] {
    var next = 0
    return blockRows(examples: examples, hasGradient: hasGradient, draws: draws).map { rows in
      defer { next += rows }
      let lane = rows == large.rows ? large : small.first { $0.lane.rows == rows }?.lane
      guard let lane else { preconditionFailure("no lane has blocks of \(rows) rows") }
      return Block(lane: lane, rows: next..<min(next + rows, examples))
    }
  }

  /// Passes all examples through `draws`, in blocks that together have few rows without an example.
  func run(_ inputs: Tensor, labels: [Int], draws: [Int], _ request: Request) throws -> PassSums {
    let sums = PassSums(
      examples: inputs.rowCount, inputSize: inputSize, outerSize: outerSize, classes: classes, draws: draws.count,
      request: request)
    let blocks = blocks(
      inputs.rowCount, through: .init(count: draws.count, perGroup: groupSize), hasGradient: request.hasGradient)
    try inputs.elements.withUnsafeBufferPointer { buffer in
      let job = Job(
        inputs: SharedPointer(buffer.baseAddress!), labels: labels, request: request, sums: sums)
      try store.withWindows(of: draws, groupSize: groupSize) { positions, packed in
        let groups = stride(from: 0, to: packed.count, by: groupSize).map { start in
          Group(first: positions.lowerBound + start, draws: Array(packed[start..<min(start + groupSize, packed.count)]))
        }
        let whole = BlockPlan.wholeBlocks(
          blocks.count, .init(count: packed.count, perGroup: groupSize), workers: team.count)
        // With the last draws the gradient of what they share can go back to the input.
        let isLast = positions.upperBound == draws.count
        try team.perform { worker in
          for block in stride(from: worker, to: whole, by: team.count).map({ blocks[$0] }) {
            try load(job, block, worker)
            for group in groups {
              try unit(job, block, group, block.lane.spaces[worker])
              merge(job, block, block.lane.spaces[worker])
            }
            if isLast { try finishTrunk(job, block, worker) }
          }
        }
        for block in blocks[whole...] {
          try split(job, block, groups)
          if isLast { try finishTrunk(job, block, 0) }
        }
      }
    }
    return sums
  }

  /// One block, its groups spread over the workers; their sums are added in the order of the groups.
  private func split(_ job: Job, _ block: Block, _ groups: [Group]) throws {
    for wave in stride(from: 0, to: groups.count, by: team.count) {
      let count = min(team.count, groups.count - wave)
      try WorkerTeam(count: count).perform { worker in
        if wave == 0 { try load(job, block, worker) }
        try unit(job, block, groups[wave + worker], block.lane.spaces[worker])
      }
      for worker in 0..<count { merge(job, block, block.lane.spaces[worker]) }
    }
  }

  // MARK: - One unit

  private struct Group: Sendable {
    let first: Int
    let draws: [PackedDraw]
  }

  private struct Job: Sendable {
    let inputs: SharedPointer<Double>
    let labels: [Int]
    let request: Request
    let sums: PassSums
  }

  /// Examples that pass through one draw at a time together.
  private struct Block: Sendable {
    let lane: Lane
    let rows: Range<Int>
  }

  private func load(_ job: Job, _ block: Block, _ worker: Int) throws {
    let rows = block.rows
    let space = block.lane.spaces[worker]
    guard let trunk = block.lane.trunk, let outerSize else {
      return space.load(
        job.inputs.pointer + rows.lowerBound * inputSize, labels: job.labels[rows], rows: rows.count,
        network: block.lane.network,
        normalization: normalization)
    }
    let own = trunk.spaces[worker]
    own.load(
      job.inputs.pointer + rows.lowerBound * outerSize, labels: job.labels[rows], rows: rows.count,
      network: trunk.network, normalization: normalization)
    try trunk.network.forward(trunk.draw, own)
    let network = block.lane.network
    let count = network.rows * inputSize
    if network.precision == .bfloat16, trunk.network.layouts[trunk.network.result].precision == .float32 {
      BFloat16.convert(own.logits.bound(), count: count, into: space.values[0].base.bound())
    } else {
      space.values[0].base.copyMemory(from: own.logits, byteCount: count * network.precision.bytes)
    }
    for row in 0..<network.rows { space.labels[row] = own.labels[row] }
  }

  /// Takes the gradient with respect to what all draws share, summed over them, back to the input of a block that this
  /// worker has loaded last.
  private func finishTrunk(_ job: Job, _ block: Block, _ worker: Int) throws {
    guard let trunk = block.lane.trunk, let outerSize, let outer = job.sums.outer, let gradient = job.sums.gradient
    else { return }
    let rows = block.rows
    let network = trunk.network
    let space = trunk.spaces[worker]
    let type = network.precision.elementType
    ckn_zero(space.logitGradient, network.rows * inputSize * network.precision.bytes)
    for row in 0..<network.rows {
      let exponent = space.logitExponents + row
      exponent.pointee = 0
      guard row < rows.count else { continue }
      let example = rows.lowerBound + row
      let sum = job.sums.exponents[example]
      exponent.pointee = sum == Int32.min ? 0 : sum
      ckn_narrow_gradient_row(
        space.logitGradient, type, row * inputSize, gradient + example * inputSize, exponent, inputSize)
    }
    if network.accumulatesInputGradient { space.clearPart(inputSize: outerSize, wide: network.wide) }
    try network.backward(trunk.draw, space, arithmetic: job.request.arithmetic)
    try network.inputGradientReorder?.run(
      space.gradients[0].base, into: space.plainInputGradient!.base, worker: space.worker)
    let (part, exponents) = network.inputGradient(space)
    ckn_add_part(
      outer.gradient + rows.lowerBound * outerSize, outer.exponents + rows.lowerBound, part, network.wide.elementType,
      exponents, rows.count, outerSize)
  }

  private func unit(_ job: Job, _ block: Block, _ group: Group, _ space: Workspace) throws {
    let request = job.request
    let network = block.lane.network
    let rows = block.rows
    let logits = space.logits
    let wide = network.wide.elementType
    if request.prediction { space.prediction.clear() }
    if request.naiveMean {
      ckn_zero(space.naive.base, space.naive.bytes)
    }
    if request.hasGradient, network.accumulatesInputGradient {
      space.clearPart(inputSize: inputSize, wide: network.wide)
    }
    for (offset, draw) in group.draws.enumerated() {
      try network.forward(draw, space)
      // The prediction and the plainest gradients need the same exponentials.
      let isJoint = request.prediction && request.gradient.map { !$0.needsFirstPass } == true && !request.naive
      if request.prediction {
        var buffers = space.prediction.lanes
        if isJoint, let objective = request.gradient {
          var target = ckn_gradient_target(
            objective: objective.kernel, gradient: space.logitGradient, type: network.precision.elementType,
            exponents: space.logitExponents, rows: rows.count)
          ckn_prediction_add(&buffers, logits, wide, space.labels, rows.count, classes, &target)
          clearPaddedRows(space.logitGradient, from: rows.count, space, network)
        } else {
          ckn_prediction_add(&buffers, logits, wide, space.labels, rows.count, classes, nil)
        }
      }
      if request.naiveMean {
        let sums = space.naive.base.assumingMemoryBound(to: Float.self)
        ckn_naive_softmax_add(
          sums, sums + network.rows * classes, logits.assumingMemoryBound(to: Float.self), space.labels, network.rows,
          classes)
      }
      if let output = request.members {
        job.sums.writeMember(group.first + offset, rows: rows, logits: logits, type: wide, output)
      }
      if request.hasGradient {
        if let objective = request.gradient, !isJoint { logitGradient(job, block, objective, space) }
        if let score = request.score { logitGradient(job, block, score, space) }
        try network.backward(draw, space, arithmetic: request.arithmetic)
        try network.inputGradientReorder?.run(
          space.gradients[0].base, into: space.plainInputGradient!.base, worker: space.worker)
      }
    }
  }

  private func logitGradient(_ job: Job, _ block: Block, _ objective: Objective, _ space: Workspace) {
    let rows = block.rows
    let network = block.lane.network
    let logits = space.logits
    let gradient = space.logitGradient
    let first = job.request.firstPass
    guard job.request.naive else {
      var first = first?.pointers(row: rows.lowerBound) ?? ckn_first_pass()
      ckn_logit_gradient(
        objective.kernel, gradient, network.precision.elementType, space.logitExponents, logits,
        network.wide.elementType,
        space.labels, &first, rows.count, classes)
      clearPaddedRows(gradient, from: rows.count, space, network)
      return
    }
    ckn_set_exponents(space.logitExponents, 0, network.rows)
    ckn_naive_logit_gradient(
      objective.kernel, gradient.assumingMemoryBound(to: Float.self), logits.assumingMemoryBound(to: Float.self),
      first?.naiveMean(row: rows.lowerBound), space.labels,
      Float(job.sums.draws), rows.count, classes)
    clearPaddedRows(gradient, from: rows.count, space, network)
  }

  private func logitGradient(_ job: Job, _ block: Block, _ score: ScoreSlopes, _ space: Workspace) {
    let rows = block.rows
    let network = block.lane.network
    let gradient = space.logitGradient
    score.shared.withUnsafeBufferPointer {
      ckn_score_gradient(
        score.own, $0.baseAddress! + rows.lowerBound * classes, gradient, network.precision.elementType,
        space.logitExponents, space.logits, network.wide.elementType, rows.count, classes)
    }
    clearPaddedRows(gradient, from: rows.count, space, network)
  }

  private func clearPaddedRows(
    _ gradient: UnsafeMutableRawPointer, from row: Int, _ space: Workspace, _ network: CompiledNetwork
  ) {
    let bytes = classes * network.precision.bytes
    ckn_zero(gradient + row * bytes, (network.rows - row) * bytes)
    ckn_set_exponents(space.logitExponents + row, 0, network.rows - row)
  }

  private func merge(_ job: Job, _ block: Block, _ space: Workspace) {
    let rows = block.rows
    let network = block.lane.network
    let sums = job.sums
    if job.request.prediction {
      var into = sums.prediction[rows.lowerBound]
      var from = space.prediction.lanes
      ckn_prediction_merge(&into, &from, rows.count, classes)
    }
    if job.request.naiveMean { sums.addNaive(space.naive, rows: rows, blockRows: network.rows) }
    guard let gradient = sums.gradient else { return }
    let (part, exponents) = network.inputGradient(space)
    ckn_add_part(
      gradient + rows.lowerBound * inputSize, sums.exponents + rows.lowerBound, part, network.wide.elementType,
      exponents,
      rows.count, inputSize)
  }

  /// Finishes a pass: predictive log-probabilities, votes, log-losses, and the gradient with the factors that are
  /// common to all draws.
  func finish(_ sums: PassSums, objective: Objective, labels: [Int]) -> (
    prediction: Prediction, logLosses: [Double], logFactors: [Double]
  ) {
    let count = labels.count
    var logPredictive = [Double](repeating: 0, count: count * classes)
    var votes = logPredictive
    var logLosses = [Double](repeating: 0, count: count)
    var logFactors = logLosses
    var buffers = sums.prediction[0]
    ckn_prediction_finish(
      objective.kernel, &logPredictive, &votes, &logLosses, &logFactors, &buffers, labels.map(Int32.init),
      Double(sums.draws), count, classes)
    let shape = [count, classes]
    return (
      Prediction(
        logProbabilities: Tensor(shape: shape, elements: logPredictive), votes: Tensor(shape: shape, elements: votes)),
      logLosses, logFactors
    )
  }

  /// The gradient of a finished pass. In the naive arithmetic a row with NaN becomes a row of zeros, which is what
  /// other tools' sign step makes of it.
  func gradient(_ sums: PassSums, logFactors: [Double], shape: [Int], naive: Bool = false) -> ScaledGradient {
    let count = shape[0]
    guard let values = sums.outer?.gradient ?? sums.gradient else { preconditionFailure("the pass had no gradient") }
    let exponents = sums.outer?.exponents ?? sums.exponents
    let size = outerSize ?? inputSize
    if naive { ckn_zero_nonfinite_rows(values, count, size) }
    ckn_finish_rows(
      values, exponents, logFactors, normalization?.scale.base.assumingMemoryBound(to: Double.self), count, size)
    return ScaledGradient(
      values: Tensor(shape: shape, elements: Array(UnsafeBufferPointer(start: values, count: count * size))),
      exponents: (0..<count).map { Int(exponents[$0]) })
  }
}

/// What a pass keeps of every draw.
enum MemberOutput: Sendable {
  case logits
  case logProbabilities
}

extension Objective {
  var kernel: ckn_objective {
    switch self {
    case .expectedLoss: CKN_EXPECTED_LOSS
    case .predictive: CKN_PREDICTIVE
    case .meanLogit: CKN_MEAN_LOGIT
    case .margin: CKN_MARGIN
    case .doubleSoftmax: CKN_DOUBLE_SOFTMAX
    case .probabilityMargin: CKN_PROBABILITY_MARGIN
    case .dlr: CKN_DLR
    }
  }

  /// Whether the gradient of one draw depends on what all draws say.
  var needsFirstPass: Bool { self != .expectedLoss && self != .predictive }
}
