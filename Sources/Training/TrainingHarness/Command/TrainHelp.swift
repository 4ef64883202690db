import ArgumentParser
import Foundation
import Reporting
import RobustnessCore

/// What `--help` and `--list-samplers` print.
enum TrainHelp {
  static func general(_ samplers: [any PosteriorSampler.Type]) -> String {
    """
    Trains posteriors over the weights of a network, and writes the files that evaluate reads.

    USAGE: train SAMPLER [--option value …]
           train --resume FILE
           train --list-samplers

    \(list(samplers))
    \(common)
    train SAMPLER --help lists the options of a sampler; for instance:
      train hmc --data mnist --architecture dense:64,relu --draws 200 --chains 4 --output posterior.h5

    A run keeps a journal beside its output. However it ends, train --resume FILE goes on, bit for bit, with every
    option as it was given; posterior publish FILE makes a file of what there is so far.

    \(exitCodes)

    """
  }

  private static let exitCodes = """
    Exit codes: 0 done; 64 usage; 65 bad data; 70 output that cannot be written, or a sampler that cannot go on;
    75 stopped, and can be resumed.
    """

  static func list(_ samplers: [any PosteriorSampler.Type]) -> String {
    var table = TextTable(header: [], alignments: [.left, .left])
    for sampler in samplers.sorted(by: { $0.name < $1.name }) { table.append(["  " + sampler.name, sampler.summary]) }
    return "SAMPLERS:\n" + table.text
  }

  static func options(of sampler: any PosteriorSampler.Type) throws -> String {
    func open<S: PosteriorSampler>(_ type: S.Type) throws -> String {
      """
      \(S.name): \(S.summary)

      USAGE: train \(S.name) [--option value …]

      OPTIONS OF \(S.name):
      \(try lines(S.Options.self))
      \(common)
      \(exitCodes)

      """
    }
    return try open(sampler)
  }

  /// The parser's own page from the options of every run on.
  private static var common: String {
    let page = TrainArguments.helpMessage()
    guard let begin = page.range(of: "OPTIONS OF EVERY RUN:") else { return page }
    return String(page[begin.lowerBound...])
  }

  private static func lines<O: PluginOptions>(_ type: O.Type) throws -> String {
    try O().described().map { name, value in
      let head = "  --\(name) \(valueName(value))"
      let fallback = value ?? O.describedDefaults[name] ?? "none"
      let text = [O.help[name], "(default: \(fallback))"].compactMap(\.self).joined(separator: " ")
      return head + String(repeating: " ", count: max(1, indent - head.count)) + wrapped(text) + "\n"
    }.joined()
  }

  private static let indent = 28

  /// Lines of about 100 columns, the further ones under the first.
  private static func wrapped(_ text: String) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= 100 - indent {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }

  private static func valueName(_ value: String?) -> String {
    guard let value else { return "X" }
    return Int(value) != nil ? "N" : Double(value) != nil ? "X" : "VALUE"
  }
}
