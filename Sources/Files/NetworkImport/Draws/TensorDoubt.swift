/// What nothing in the files shows, and what reads other draws as they are not if it is false: refused, unless the
/// author's program answers for every draw as the imported network does.
struct TensorDoubt: Sendable {
  /// What is said where nobody settles it.
  let error: ImportError
  /// What is said where the answers agree, a sentence each without a full stop.
  let settled: [String]

  /// Several at once; nil where there is none.
  init?(_ doubts: [TensorDoubt?]) {
    let doubts = doubts.compactMap(\.self)
    guard let first = doubts.first else { return nil }
    error = ImportError(file: first.error.file, doubts.map(\.error.reason).joined(separator: ". And "))
    settled = doubts.flatMap(\.settled)
  }

  init(_ error: ImportError, settled: [String]) {
    self.error = error
    self.settled = settled
  }

  /// Tensors that no draw has, so that all draws would have the graph's own numbers.
  init(absent names: [String], _ error: ImportError) {
    self.init(
      error,
      settled: [
        "tensor\(names.count == 1 ? "" : "s") \(Self.list(names)) \(names.count == 1 ? "is" : "are") in no draw: all have the "
          + "graph's own numbers, with which every draw answers as its author's program did"
      ])
  }

  /// The same of a file.
  func of(_ path: String) -> TensorDoubt { TensorDoubt(error.of(path), settled: settled) }

  /// What to do where the graph's own numbers are meant.
  static func advice(_ name: String) -> String {
    "if all draws have the graph's own numbers, say so with --map \(word("\(name)=")), or give the answers of every draw "
      + "as --reference"
  }

  /// An argument as a shell takes it.
  static func word(_ text: String) -> String {
    text.contains { !$0.isLetter && !$0.isNumber && !"/._-=".contains($0) } ? "'\(text)'" : text
  }

  /// Up to five names.
  static func list(_ names: [String]) -> String {
    names.prefix(5).map(\.quoted).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }
}
