import Foundation

@testable import EvaluationHarness
@testable import NeuralNetworks
@testable import SharedBenchmark
@testable import TrainingHarness

/// Every reader of texts and bytes that come from elsewhere. The first byte of an input chooses one, the rest is for
/// it.
///
/// A reader may refuse; it may not crash, hang, or use memory without bounds, and what it accepts it must be able to
/// write and read again to the same value.
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  let readers: [([UInt8]) -> Void] = [
    architecture, shortArchitecture, journalValue, records, benchmarkResult, suite, evaluationRequest, trainingRequest,
    runDescription, benchmarkCertificate,
  ]
  readers[Int(first) % readers.count](rest)
  return 0
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// `/model@architecture` of a posterior file.
private func architecture(_ bytes: [UInt8]) {
  guard let read = try? Architecture(json: text(bytes)) else { return }
  let again = try? Architecture(json: read.json)
  precondition(again == read, "an architecture is not what was written of it")
}

/// `--architecture dense:32,relu`.
private func shortArchitecture(_ bytes: [UInt8]) {
  let word = text(bytes)
  // A path would be another reader.
  guard !word.contains("/") || word.hasPrefix("normalize:"), !word.hasSuffix(".json") else { return }
  guard let read = try? ArchitectureSpecification.resolve(word, inputShape: [1, 28, 28], classCount: 10) else { return }
  precondition(read.classCount == 10 && read.inputShape == [1, 28, 28])
}

/// The state of a sampler in a journal.
private func journalValue(_ bytes: [UInt8]) {
  guard let value = BinaryValue(bytes) else { return }
  var written: [UInt8] = []
  value.write(to: &written)
  precondition(BinaryValue(written) != nil, "a value is not readable as it was written")
  _ = try? BinaryDecoder.decode([String: [Double]].self, from: bytes)
  _ = try? BinaryDecoder.decode(ChainRecordsNames.self, from: bytes)
  _ = try? BinaryDecoder.decode([String].self, from: bytes)
}

private struct ChainRecordsNames: Decodable {
  var run: UInt32
  var chain: Int
  var position: [Float]?
  var nested: [String: [Int]]?
}

/// The draws in a journal: bytes as they are, and the same as the contents of records with the right checksums, which
/// no fuzzer would find.
private func records(_ bytes: [UInt8]) {
  let identity = ChainRecords.Identity(run: 7, chain: 0, parameterCount: 3)
  let path = NSTemporaryDirectory() + "fuzz-\(getpid()).records"
  defer { unlink(path) }
  func open(_ content: [UInt8]) {
    guard FileManager.default.createFile(atPath: path, contents: Data(identity.header + content)) else { return }
    guard let read = try? ChainRecords(path, identity, synchronized: 0) else { return }
    precondition(read.statistics.count == read.drawCount, "a draw without its statistics")
    precondition(read.size <= identity.header.count + content.count, "records beyond the file's end")
  }
  open(bytes)
  var framed: [UInt8] = []
  for (number, content) in bytes.split(separator: 0xA5).enumerated() {
    var head: [UInt8] = []
    head.append(number: UInt32(content.count))
    head.append(number: checksum(Array(content)))
    var named = head
    named.append(number: UInt64(number))
    head.append(number: checksum(named))
    framed += head + content
  }
  open(framed)
}

/// A result file of the benchmark.
private func benchmarkResult(_ bytes: [UInt8]) {
  guard let read = try? BenchmarkResult(checking: Data(bytes)) else { return }
  let again = (try? read.encoded()).flatMap { try? BenchmarkResult(checking: $0) }
  precondition(again == read, "a result is not what was written of it")
  _ = try? Leaderboard([read]).markdown
}

/// A file of a certificate.
private func benchmarkCertificate(_ bytes: [UInt8]) {
  guard let read = try? BenchmarkCertificate(checking: Data(bytes)) else { return }
  let again = (try? read.encoded()).flatMap { try? BenchmarkCertificate(checking: $0) }
  precondition(again == read, "a certificate is not what was written of it")
  _ = try? Leaderboard([.certificate(JudgedCertificate(read, .notVerified))]).markdown
}

/// A suite, which a result carries.
private func suite(_ bytes: [UInt8]) {
  guard let read = try? JSONDecoder().decode(BenchmarkSuite.self, from: Data(bytes)) else { return }
  _ = read.sha256
}

private func evaluationRequest(_ bytes: [UInt8]) {
  guard let read = try? EvaluationRequest(canonicalText: text(bytes)) else { return }
  precondition((try? EvaluationRequest(canonicalText: read.canonicalText)) == read, "a request is not what was written")
}

private func trainingRequest(_ bytes: [UInt8]) {
  guard let read = try? TrainingRequest(canonicalText: text(bytes)) else { return }
  precondition((try? TrainingRequest(canonicalText: read.canonicalText)) == read, "a request is not what was written")
}

/// `run.json` of a journal.
private func runDescription(_ bytes: [UInt8]) {
  _ = try? JSONDecoder().decode(RunDescription.self, from: Data(bytes))
}
