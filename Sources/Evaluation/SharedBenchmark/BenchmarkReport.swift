import Foundation
import RobustnessCore

/// What one result file reports: what an attack did, or what a certificate proved.
public enum BenchmarkReport: Sendable, Hashable {
  /// What an attack did: an upper bound on robustness.
  case attack(BenchmarkResult)
  /// What a certificate proved: a lower bound.
  case certificate(BenchmarkCertificate)

  /// What it is about.
  public var subject: BenchmarkResult.Subject {
    switch self {
    case .attack(let result): result.subject
    case .certificate(let certificate): certificate.subject
    }
  }

  /// The suite; nil in results of older versions.
  var rules: BenchmarkSuite? {
    switch self {
    case .attack(let result): result.rules
    case .certificate(let certificate): certificate.rules
    }
  }

  /// What both kinds have, wherever it stands.
  func read<Value>(
    _ ofResult: KeyPath<BenchmarkResult, Value>, _ ofCertificate: KeyPath<BenchmarkCertificate, Value>
  ) -> Value {
    switch self {
    case .attack(let result): result[keyPath: ofResult]
    case .certificate(let certificate): certificate[keyPath: ofCertificate]
    }
  }

  /// Calls the posterior by its own name.
  mutating func name(_ model: String, _ summary: String) {
    switch self {
    case .attack(var result):
      (result.model, result.summary) = (model, summary)
      self = .attack(result)
    case .certificate(var certificate):
      (certificate.model, certificate.summary) = (model, summary)
      self = .certificate(certificate)
    }
  }

  /// Reads what another laboratory may have written.
  ///
  /// - Throws: `CoreError` that says what is wrong.
  init(checking data: Data) throws {
    struct Format: Decodable { let format: String }
    self =
      (try? JSONDecoder().decode(Format.self, from: data))?.format == BenchmarkCertificate.formatName
      ? .certificate(try BenchmarkCertificate(checking: data)) : .attack(try BenchmarkResult(checking: data))
  }

  /// What the `format` of a result file may be.
  static let formats = [BenchmarkResult.formatName, BenchmarkCertificate.formatName]

  /// The bytes of a result file: keys in order, so that the same run gives the same.
  static func encoded(_ content: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(content) + Data("\n".utf8)
  }

  /// Reads a result file of one format.
  ///
  /// - Throws: `CoreError` that says what is wrong.
  static func decoded<Content: Decodable>(
    _ data: Data, _ format: (Content) -> String, expected: String
  ) throws -> Content {
    let content: Content
    do {
      content = try JSONDecoder().decode(Content.self, from: data)
    } catch let error as DecodingError {
      throw CoreError(error.sentence)
    }
    guard format(content) == expected else {
      throw CoreError("the format is '\(format(content))', not \(expected)")
    }
    return content
  }

  static func isDigest(_ text: String) -> Bool {
    text.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit && !$0.isUppercase }
  }

  /// What both kinds of result have in common.
  ///
  /// - Throws: `CoreError` that says what is wrong.
  static func check(
    formatVersion: Int, _ subject: BenchmarkResult.Subject, rules: BenchmarkSuite?, examples: Int, draws: Int,
    cleanCorrect: Int
  ) throws {
    guard formatVersion == 1 else {
      throw CoreError("format version \(formatVersion) is newer than this program, which reads 1")
    }
    for digest in [subject.suiteSHA256, subject.posteriorSHA256, subject.dataSHA256] where !isDigest(digest) {
      throw CoreError("'\(digest)' is no SHA-256 digest")
    }
    if let rules, rules.sha256 != subject.suiteSHA256 || rules.title != subject.suite {
      throw CoreError("'rules' are not the suite that 'subject' names")
    }
    guard examples > 0 else { throw CoreError("'examples' is \(examples), and must be at least 1") }
    guard draws > 0 else { throw CoreError("'draws' is \(draws), and must be at least 1") }
    guard (0...examples).contains(cleanCorrect) else {
      throw CoreError("'cleanCorrect' is \(cleanCorrect), of \(examples) examples")
    }
  }
}

/// A report with what is known about its truth.
public enum JudgedReport: Sendable, Hashable {
  /// What an attack did.
  case attack(JudgedResult)
  /// What a certificate proved.
  case certificate(JudgedCertificate)

  /// A report of that standing.
  init(_ report: BenchmarkReport, _ standing: Standing) {
    switch report {
    case .attack(let result): self = .attack(JudgedResult(result, standing))
    case .certificate(let certificate): self = .certificate(JudgedCertificate(certificate, standing))
    }
  }

  /// What is known about its truth.
  public var standing: Standing {
    switch self {
    case .attack(let judged): judged.standing
    case .certificate(let judged): judged.standing
    }
  }

  /// What is reported.
  var report: BenchmarkReport {
    switch self {
    case .attack(let judged): .attack(judged.result)
    case .certificate(let judged): .certificate(judged.certificate)
    }
  }

  var subject: BenchmarkResult.Subject { report.subject }
  var examples: Int { report.read(\.examples, \.examples) }
  var draws: Int { report.read(\.draws, \.draws) }
  var cleanCorrect: Int { report.read(\.cleanCorrect, \.cleanCorrect) }
  var decision: String { report.read(\.decision, \.decision) }
  var model: String { report.read(\.model, \.model) }
  var summary: String { report.read(\.summary, \.summary) }
  var laboratory: String { report.read(\.laboratory, \.laboratory) }

  /// Which one it is, in a few words.
  var words: String {
    let what =
      switch self {
      case .attack(let judged): "\(judged.result.attack.request) · \(judged.result.attack.objective.rawValue)"
      case .certificate(let judged): "certificate \(judged.certificate.request)"
      }
    return "\(what) · \(model)" + (laboratory.isEmpty ? "" : " (\(laboratory))")
  }
}
