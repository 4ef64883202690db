internal import CComputeKernels
internal import ComputeKernels
import RobustnessCore

/// The packed weights of a posterior's draws: all of them in memory, or a window at a time when they do not fit.
///
/// Packing a draw costs about as much as one pass of a few examples through it, and an attack makes many passes, so
/// resident draws are packed once. Callers hold the ensemble's lock: a store is not used by two passes at once. Hence
/// `Sendable` without a check: it changes only under that lock, or by workers that pack disjoint draws and are waited
/// for.
final class DrawStore: @unchecked Sendable {
  private let source: any WeightSource
  private let network: CompiledNetwork
  private let backward: Bool
  private let workers: [KernelWorker]
  private let team: WorkerTeam
  private let inputMagnitude: Double
  private let offsets: [PackedOffsets]
  private let bytesPerDraw: Int
  /// Bytes that packed draws may take; nil for no limit.
  private let budget: Int?
  /// Packed draws by index, when all fit.
  private var resident: [PackedDraw?]
  private var memory: [AlignedMemory] = []
  private var window: [PackedDraw] = []

  init(
    _ source: any WeightSource, network: CompiledNetwork, backward: Bool, workers: [KernelWorker], budget: Int?,
    inputMagnitude: Double
  ) {
    self.source = source
    self.network = network
    self.backward = backward
    self.workers = workers
    self.budget = budget
    self.inputMagnitude = inputMagnitude
    team = WorkerTeam(count: workers.count)
    (offsets, bytesPerDraw) = network.packing(backward: backward)
    resident = Array(repeating: nil, count: source.drawCount)
  }

  /// Whether every draw stays in memory once packed.
  var isResident: Bool { budget.map { bytesPerDraw * source.drawCount <= $0 } ?? true }

  /// Packs `draws` now when they stay in memory.
  func prepare(_ draws: [Int]) throws {
    if isResident { try packResident(draws) }
  }

  /// Calls `body` with consecutive positions of `draws` and their packed weights, in whole groups.
  func withWindows(
    of draws: [Int], groupSize: Int, _ body: (_ positions: Range<Int>, _ packed: [PackedDraw]) throws -> Void
  ) throws {
    if isResident {
      try packResident(draws)
      try body(0..<draws.count, draws.map { resident[$0]! })
      return
    }
    let fitting = (budget ?? 0) / bytesPerDraw / groupSize * groupSize
    guard fitting > 0 else {
      throw CoreError(
        "a group of \(groupSize) draws takes \(megabytes(groupSize * bytesPerDraw)) MB of packed weights; "
          + "the memory limit leaves \(max(0, budget ?? 0) / 1_000_000) MB for them. "
          + "Raise --memory-limit by at least \(megabytes(groupSize * bytesPerDraw - (budget ?? 0))) MB")
    }
    window += allocate(max(0, min(fitting, draws.count) - window.count))
    for start in stride(from: 0, to: draws.count, by: fitting) {
      let positions = start..<min(start + fitting, draws.count)
      let slots = Array(window[..<positions.count])
      try pack(positions.map { draws[$0] }, into: slots)
      try body(positions, slots)
    }
  }

  private func packResident(_ draws: [Int]) throws {
    let missing = Set(draws).filter { resident[$0] == nil }.sorted()
    guard !missing.isEmpty else { return }
    let slots = allocate(missing.count)
    try pack(missing, into: slots)
    for (draw, slot) in zip(missing, slots) { resident[draw] = slot }
  }

  /// In one piece: memory is rounded up to whole huge pages, which for each draw by itself would take up to twice what
  /// the budget counts.
  private func allocate(_ count: Int) -> [PackedDraw] {
    guard count > 0 else { return [] }
    let block = AlignedMemory(bytes: bytesPerDraw * count)
    memory.append(block)
    return (0..<count).map { PackedDraw(base: block.base + $0 * bytesPerDraw, offsets: offsets) }
  }

  private func pack(_ draws: [Int], into slots: [PackedDraw]) throws {
    let count = source.architecture.parameterCount
    try team.perform { worker in
      let plain = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      defer { plain.deallocate() }
      for index in stride(from: worker, to: draws.count, by: team.count) {
        try source.read(draw: draws[index], into: plain)
        try network.flushSubnormals(plain, of: "draw \(draws[index])")
        let parameters = UnsafePointer(plain.baseAddress!)
        try check(draws[index], parameters, count)
        try network.pack(parameters, into: slots[index], backward: backward, worker: workers[worker])
      }
    }
  }

  private func check(_ draw: Int, _ parameters: UnsafePointer<Float>, _ count: Int) throws {
    let bad = ckn_count_nonfinite(parameters, count)
    guard bad == 0 else { throw CoreError("draw \(draw) has \(bad) weights that are not finite") }
    let largest = network.largestActivation(parameters, inputMagnitude: inputMagnitude)
    guard network.checksFiniteness || largest < (network.precision == .float64 ? 1e300 : 1e37) else {
      throw CoreError(
        "the weights of draw \(draw) are so large that activations can reach \(largest), beyond float32: "
          + "its outputs would mean nothing")
    }
  }
}

func megabytes(_ bytes: Int) -> Int { (bytes + 999_999) / 1_000_000 }
