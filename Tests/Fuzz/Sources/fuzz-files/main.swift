import Foundation
import Synchronization

@testable import PosteriorFiles

// `fuzz-files SECONDS VALID`: reads paths, one a line, and prints for each what `posterior verify` says, one line of
// JSON. It is to come to its end whatever the files are.
//
// The checking process is forked from this one. What it costs to start a program, and to use a library for the first
// time, is paid before the first file, by reading one that is valid.
let words = CommandLine.arguments
guard words.count == 3, let limit = Double(words[1]) else {
  FileHandle.standardError.write(Data("usage: fuzz-files SECONDS VALID < paths\n".utf8))
  exit(64)
}
let encoder = JSONEncoder()
let known = Verification(of: words[2], inThisProcess: true)
_ = try JSONDecoder().decode(Verification.self, from: encoder.encode(known))
let problem = PosteriorFileError(file: words[2], path: "/", reason: "is none", advice: "Go on", writtenBy: "nobody")
let content = ContentReport(
  digests: ["\(problem)": "\(ProbeCommand.currentProgram)"], distinctDrawCount: 1,
  warnings: [PosteriorWarning(place: "/", sentence: "is none")], changedDigests: [""], integrity: .unsigned)
let answer = ProbeAnswer(problems: [problem], changeProblems: [problem], content: content)
_ = try JSONDecoder().decode(ProbeAnswer.self, from: encoder.encode(answer))

ProbeCommand.start.withLock { start in
  start = { _, arguments, clockSeconds in
    ForkedProbe.run(arguments: arguments, processorSeconds: limit, clockSeconds: clockSeconds)
  }
}
while let path = readLine() {
  FileHandle.standardOutput.write(try encoder.encode(Verification(of: path)) + [0x0A])
}
