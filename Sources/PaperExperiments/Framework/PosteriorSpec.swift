import Crypto
import Foundation

/// Everything that makes a posterior: data, sampler, and every option of `train` that differs from its default.
///
/// Two specifications with one hash give the same file, bit for bit on one machine; files are cached by it.
public struct PosteriorSpec: Sendable, Hashable {
  /// How the draws come about.
  public indirect enum Making: Sendable, Hashable {
    /// By a sampler of `train`.
    case trained(sampler: String)
    /// As draws from the prior of the options, without any data.
    case prior
    /// By drawing so many of another posterior's draws with replacement.
    case resampled(PosteriorSpec, count: Int)
  }

  /// For people: also the beginning of the file's name. Not a part of the hash.
  public var name: String
  /// What it is trained on.
  public var data: DataSpec
  /// How the draws come about.
  public var making: Making
  /// Options as `train` takes them, without data, output and what changes nothing of the result.
  public var options: [String: String]

  /// A specification.
  ///
  /// - Parameters:
  ///   - name: Letters, digits and dashes.
  ///   - options: Options of `train` by name, without the dashes.
  public init(name: String, data: DataSpec, making: Making, options: [String: String]) {
    self.name = name
    self.data = data
    self.making = making
    self.options = options
  }

  /// The sampler as tables name it.
  public var method: String {
    switch making {
    case .trained(let sampler): sampler
    case .prior: "prior"
    case .resampled(let base, _): "\(base.method) resampled"
    }
  }

  /// One line for each part, in a fixed order: what the hash is of.
  ///
  /// - Parameter dataDigest: Names the data: the same name can stand for a part of a set.
  public func canonicalText(dataDigest: String) -> String {
    var lines = ["format 1", "data \(data.name) \(dataDigest)"]
    switch making {
    case .trained(let sampler): lines.append("sampler \(sampler)")
    case .prior: lines.append("prior")
    case .resampled(let base, let count):
      lines.append("resampled \(count) of \(base.hash(dataDigest: dataDigest))")
    }
    lines += options.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Ten hexadecimal digits that name the specification.
  public func hash(dataDigest: String) -> String {
    let digest = SHA256.hash(data: Data(canonicalText(dataDigest: dataDigest).utf8))
    return digest.prefix(5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The words of a `train` command that makes it.
  public func words(data: String, dataFolder: String?, threads: Int, output: String) -> [String] {
    var words: [String] = []
    if case .trained(let sampler) = making { words.append(sampler) }
    words += ["--data", data]
    if let dataFolder { words += ["--data-folder", dataFolder] }
    for (name, value) in options.sorted(by: { $0.key < $1.key }) { words += ["--\(name)", value] }
    return words + ["--threads", "\(threads)", "--output", output, "--quiet"]
  }

  // MARK: - What it costs

  /// Widths of the hidden layers, where the architecture is a short form of dense layers.
  var hiddenWidths: [Int] {
    guard let text = options["architecture"]?.split(separator: "/").last, text.hasPrefix("dense:") else { return [512] }
    return text.dropFirst(6).split(separator: ",").compactMap { Int($0) }
  }

  /// Number of weights and biases, about.
  func parameterCount(inputSize: Int, classCount: Int) -> Int {
    if options["architecture"]?.hasPrefix("carbone-conv") == true { return 32 * 26 + 512 * 801 + 10 * 512 * 49 }
    let sizes = [inputSize] + hiddenWidths + [classCount]
    return zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
  }

  /// Seconds that making it takes on two cores, roughly: floating-point operations over the speed of small matrix products.
  func expectedSeconds(inputSize: Int, classCount: Int, trainingExamples: Int) -> Double {
    func number(_ name: String, _ fallback: Double) -> Double { options[name].flatMap(Double.init) ?? fallback }
    let examples = min(number("training-examples", .infinity), Double(trainingExamples))
    var flops = 6 * Double(parameterCount(inputSize: inputSize, classCount: classCount))
    if options["architecture"]?.hasPrefix("carbone-conv") == true { flops = 6 * (32 * 25 * 576 + 512 * 800 * 64) }
    // Narrow layers spend their time on everything but products: so much for each example, and for each unit.
    flops += 7500 + 120 * Double(hiddenWidths.reduce(0, +))
    let pass = flops * examples / Self.operationsPerSecond
    switch making {
    case .prior, .resampled: return 0.1
    case .trained("hmc"):
      // Where the number of steps follows from a length, it stays below its bound.
      let steps = number("leapfrog-steps", 0.8 * number("max-leapfrog-steps", 60))
      let map = options["start"] == "prior" ? 0 : number("map-iterations", 500)
      return pass * number("chains", 4) * (map + (number("warmup", 200) + number("draws", 250)) * steps) + 0.5
    case .trained("vi"): return pass * 3 * number("epochs", 50) + 0.5
    case .trained: return pass * number("members", 1) * number("epochs", 10) * 1.5 + 0.3
    }
  }

  /// Of small single-precision products on two cores, with everything around them.
  private static let operationsPerSecond = 4e11
}
