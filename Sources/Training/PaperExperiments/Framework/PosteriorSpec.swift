import Crypto
import Foundation
public import TrainingHarness

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
  /// What `train` is asked for, without data, output and what changes nothing of the result.
  public var options: TrainingRequest.Options
  /// The sampler's own options, as text under their names.
  public var samplerOptions: [String: String]

  /// A specification.
  ///
  /// - Parameters:
  ///   - name: Letters, digits and dashes.
  ///   - options: What all samplers share.
  ///   - samplerOptions: The sampler's own options by name, without the dashes.
  public init(
    name: String, data: DataSpec, making: Making, options: TrainingRequest.Options,
    samplerOptions: [String: String] = [:]
  ) {
    self.name = name
    self.data = data
    self.making = making
    self.options = options
    self.samplerOptions = samplerOptions
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
    lines += options.texts.merging(samplerOptions) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Ten hexadecimal digits that name the specification.
  public func hash(dataDigest: String) -> String {
    let digest = SHA256.hash(data: Data(canonicalText(dataDigest: dataDigest).utf8))
    return digest.prefix(5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// What is asked of `train`; nil for posteriors that no sampler makes.
  ///
  /// - Parameter data: The name or the file of the data.
  public func request(data: String) -> TrainingRequest? {
    guard case .trained(let sampler) = making else { return nil }
    var request = TrainingRequest(sampler: sampler, samplerOptions: samplerOptions, options: options)
    request.options.data = data
    return request
  }
}
