import Foundation
import TestSupport
import Testing

/// The command line as users of other attack libraries type it, and what they are answered.
@Suite(.inTurn) struct `Answers to command lines` {
  @Test func `are those of the snapshot`() throws {
    var text = ""
    try withFolder { folder in
      _ = try SmallPosterior().write(to: folder)
      for name in ["a", "b"] {
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent(name), withIntermediateDirectories: false)
      }
      for (source, target) in [("valid", "a"), ("weight-infinite", "b")] {
        try FileManager.default.copyItem(
          at: Fixtures.url("malformed/\(source).h5"), to: folder.appendingPathComponent("\(target)/post.h5"))
      }
      let small = ["--model", "small.h5", "--examples", "20", "--attack", "fgsm"]
      let words: [(Program, [String])] = [
        (.evaluate, small + ["--epsilon", "8/255"]), (.evaluate, small + ["--epsilon", "8/0"]),
        (.evaluate, small + ["--epsilon", "-0.1"]), (.evaluate, small + ["--epsilon=-0.1"]),
        (.evaluate, small + ["--seed", "-1"]), (.evaluate, small + ["--target", "-1"]), (.evaluate, ["--version"]),
        (.evaluate, small + ["--epsilon", "8"]), (.evaluate, small + ["--model", "small.h5"]),
        (.evaluate, small + ["--output", ""]), (.evaluate, ["--model", "small.h5", "--attack", "pdg"]),
        (.evaluate, ["--model", "nothing.pt"]), (.posterior, ["verify", "a/post.h5", "b/post.h5"]),
      ]
      for (program, words) in words {
        let run = try program.run(words, in: folder)
        // What is no table: the second line with ε, but for the machine, warnings of the verdict, errors.
        let lines = run.text.split(separator: "\n").filter { line in
          ["error:", "warning:", "20 examples", "  ! ", "0.", "a/", "b/"].contains { line.hasPrefix($0) }
        }.map { $0.replacing(/\ · (portable kernels[^·]*|oneDNN [0-9.]+) · [0-9]+ threads?(: .*)?$/, with: "") }
        let shown = words.map { $0.isEmpty ? "''" : $0 }.joined(separator: " ")
        text += "$ \(program.name) \(shown)\n" + lines.map { $0 + "\n" }.joined() + "exit code \(run.code)\n\n"
      }
    }
    let url = Fixtures.packageRoot.appending(path: "Tests/EndToEndTests/Snapshots/command-lines.txt")
    #expect(text == (try? String(contentsOf: url, encoding: .utf8)) ?? "", "\(text)")
  }
}
