internal import CComputeKernels
internal import ComputeKernels

/// One step of a compiled network, on a block of examples.
///
/// Forward it makes its result from its inputs. Backward it makes the gradient with respect to each input from that with
/// respect to its result. Each row of a gradient has an exponent, so that nothing underflows: row r is mantissas times
/// 2^exponents[r]. A stage may scale rows as it likes, as long as it adds to the exponent what it takes from the
/// mantissas.
protocol Stage: Sendable {
  /// Whether nothing is done forward: the result is the input, in the same memory.
  var keepsValue: Bool { get }
  /// Whether the gradient with respect to its only input is made in the memory of the one that comes in.
  var differentiatesInPlace: Bool { get }
  /// Bytes that forward leaves for backward.
  var workspaceBytes: Int { get }
  /// Bytes of its parameters in a draw.
  var packedSizes: PackedSizes { get }
  /// Which code computes it; nil for the loops of this package.
  var implementations: KernelImplementations? { get }
  /// What it is called where implementations are listed.
  var title: String { get }
  /// Whether it has parameters that are trained.
  var isTrainable: Bool { get }

  /// Puts its parameters where `forward` and `backward` find them.
  func pack(
    _ parameters: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws

  func forward(_ pass: StagePass) throws

  /// The gradients with respect to those inputs that have a target; and, where `pass.parameterSum` is given, adds those
  /// with respect to the parameters.
  func backward(_ pass: StagePass) throws

  /// Largest magnitude of its result for inputs up to the given magnitudes.
  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double
}

extension Stage {
  var keepsValue: Bool { false }
  var differentiatesInPlace: Bool { false }
  var workspaceBytes: Int { 0 }
  var packedSizes: PackedSizes { PackedSizes() }
  var implementations: KernelImplementations? { nil }
  var title: String { "" }
  var isTrainable: Bool { false }
  func pack(
    _ parameters: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws {}
  func bound(_ magnitudes: [Double], _ parameters: UnsafePointer<Float>) -> Double { magnitudes.max() ?? 0 }
}

/// Bytes of a stage's parameters in a draw, for the two directions and for what is added.
struct PackedSizes: Sendable {
  var forward = 0
  var backward = 0
  var bias = 0
}

/// Which parts of a draw are packed.
enum PackingDirection: Sendable {
  case forward
  case backward
  case both

  var isForward: Bool { self != .backward }
  var isBackward: Bool { self != .forward }
}

/// A stage with what it takes and gives.
struct CompiledNode: Sendable {
  /// How a gradient with respect to an input reaches the place where it is kept.
  enum GradientRule: Sendable {
    /// Nobody wants it.
    case none
    /// It is made there.
    case write
    /// It is there already: the stage works in place.
    case inPlace
    /// Others have been there before: it is made elsewhere and added.
    case add
  }

  var stage: any Stage
  /// Values that it takes: 0 is the network's input.
  let inputs: [Int]
  /// The value that it gives.
  let output: Int
  /// One for each input.
  var rules: [GradientRule] = []
  /// Whether any gradient goes through it or into its parameters.
  var isDifferentiated = true
}

/// What a stage works on: one block of examples, one draw.
struct StagePass {
  let node: CompiledNode
  let network: CompiledNetwork
  let space: Workspace
  /// The packed draw, and where the stage's parameters are in it.
  let draw: UnsafeMutableRawPointer
  let offsets: PackedOffsets
  /// Memory that forward leaves for backward.
  let workspace: UnsafeMutableRawPointer
  var arithmetic = DerivativeArithmetic.scaled
  /// Gradient with respect to the result; may be overwritten.
  var incoming: UnsafeMutableRawPointer!
  /// Its exponents.
  var incomingExponents: UnsafeMutablePointer<Int32>!
  /// Sums of the parameters' gradients; nil where nobody wants them.
  var parameterSum: UnsafeMutableRawPointer?
  /// Noise on what products give; nil for weights that are numbers.
  var noise: PreactivationNoise?

  var rows: Int { network.rows }
  var worker: KernelWorker { space.worker }
  var inputLayout: ActivationLayout { network.layouts[node.inputs[0]] }
  var outputLayout: ActivationLayout { network.layouts[node.output] }
  var result: UnsafeMutableRawPointer { space.values[node.output].base }

  func input(_ index: Int = 0) -> UnsafeMutableRawPointer { space.values[node.inputs[index]].base }

  /// Where the gradient with respect to an input goes, and its exponents, which are those of `incoming` before the
  /// stage changes them; nil where nobody wants it.
  func target(_ index: Int = 0) -> (gradient: UnsafeMutableRawPointer, exponents: UnsafeMutablePointer<Int32>)? {
    switch node.rules[index] {
    case .none: nil
    case .inPlace: (incoming, incomingExponents)
    case .write:
      (space.gradients[node.inputs[index]].base, space.exponents(ofValue: node.inputs[index]))
    case .add: (space.spare[index].base, space.spareExponents(index))
    }
  }
}

/// How derivatives of activations are multiplied in.
enum DerivativeArithmetic: Sendable {
  /// With an exponent for each row.
  case scaled
  /// With an exponent for each row, and wide derivatives in the place of the activations' own.
  case straightThrough
  /// Plainly in float32, from the activation's value: the arithmetic of other tools.
  case naive
  /// Plainly: a sum over examples is rounded to its largest terms, so that what underflows in one row is lost anyway.
  case plain

  var hasExponents: Bool { self == .scaled || self == .straightThrough }
}

/// Parameters in the format that a network's sums have: `Double` in float64, else `Float`.
enum ParameterPointer: Sendable {
  case float(SharedPointer<Float>)
  case double(SharedPointer<Double>)

  /// The parameter at an offset, in `Double`.
  func value(_ index: Int) -> Double {
    switch self {
    case .float(let shared): Double(shared.pointer[index])
    case .double(let shared): shared.pointer[index]
    }
  }
}
