import ArgumentParser
import EvaluationHarness
import Foundation
import RobustnessCore
import Shell

/// `benchmark verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Judge finished results again: their points, and their attacks on a few examples.",
    discussion: """
      A result is a text that anybody can edit. Its points are decided again by its posterior, and its attack is \
      repeated on a few examples, chosen by --seed. Each result is confirmed, unconfirmed (something is missing, for \
      the reason given) or contradicted. Exit code 65 when one is contradicted or cannot be read.
      """)

  @Argument(help: ArgumentHelp("Result files, or folders of them.", valueName: "file or folder"))
  var results: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Posterior files that the results are about.", valueName: "file"))
  var models: [String]

  @Option(
    name: .customLong("plugin"),
    help: ArgumentHelp("A shared library with attacks in C or a language like it. Repeatable.", valueName: "library"))
  var plugins: [String] = []

  @Option(
    name: .customLong("repeat"),
    help: ArgumentHelp(
      "Examples on which each attack is repeated, or all: then its checks are made again too.",
      valueName: "count|all"),
    transform: { text in
      guard let repeats = Repeats(text) else {
        throw ValidationError("it must be all, or a number of examples of at least 1, not '\(text)'")
      }
      return repeats
    })
  var repeats = Repeats.standard

  @Option(
    help: ArgumentHelp(
      "Chooses the examples. Default: a number that nobody could know before; it is printed.", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("The suite that results must be of. Default: any.", valueName: "file"))
  var suite: String?

  @Option(
    help: ArgumentHelp(
      "Worker threads; results do not depend on it. Default: one a core that it may use.", valueName: "count"))
  var threads: Int?

  @OptionGroup var tables: LeaderboardOptions

  func validate() throws {
    guard !models.isEmpty else { throw ValidationError("Missing --models: which posterior files?") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
  }

  /// What the command line asks for.
  var request: VerifyRequest {
    var request = VerifyRequest(results: results, models: models)
    request.plugins = plugins
    request.repeats = repeats
    request.seed = seed
    request.suite = suite
    request.threads = threads
    request.tables = tables.files
    return request
  }

  /// Judges, prints a line for each result and one for all.
  ///
  /// - Throws: an error of exit code 65 when a result is contradicted, or a file that says it is one cannot be read.
  func perform(
    attacks: [any Attack.Type], certificates: [any RobustnessCertificate.Type], companions: Companions
  ) throws {
    var request = request
    let seed = request.seed ?? Verification.freshSeed()
    request.seed = seed
    var damaged = 0
    let judged = try request.run(attacks: attacks, certificates: certificates, companions: companions) {
      sentence, isDamaged in
      ProgramEnd.say("note: \(sentence)")
      if isDamaged { damaged += 1 }
    } didJudge: { result in
      try? StandardOutput.write(Self.line(result) + "\n")
    }
    let counts = Dictionary(grouping: judged, by: \.standing.word).mapValues(\.count)
    let words = ["confirmed", "unconfirmed", "contradicted"].compactMap { word in counts[word].map { "\($0) \(word)" } }
    var summary = words.isEmpty ? "There are no results." : words.joined(separator: ", ") + "."
    let attacksInPart = judged.contains { report in
      if case .attack(let result) = report { result.standing == .confirmed(.number) } else { false }
    }
    if attacksInPart {
      summary += " Checks that compare a run with stronger ones are as claimed; --repeat all makes them again."
    }
    try StandardOutput.write(summary + "\nExamples chosen by --seed \(seed).\n")
    if let count = counts["contradicted"] {
      throw BadDataError("\(count) of \(judged.count) results \(count == 1 ? "is" : "are") not true")
    }
    guard damaged == 0 else {
      throw BadDataError(
        "\(damaged) file\(damaged == 1 ? "" : "s") of results cannot be read as one: see the "
          + "note\(damaged == 1 ? "" : "s") above")
    }
  }

  private static func line(_ judged: JudgedReport) -> String {
    let word = judged.standing.word.padding(toLength: 12, withPad: " ", startingAt: 0)
    // Names come from whoever wrote the result: they must not look like lines of this program.
    return PrintedText.line(
      "\(word)  \(judged.words)" + (judged.standing.reason.isEmpty ? "" : ": \(judged.standing.reason)"))
  }
}
