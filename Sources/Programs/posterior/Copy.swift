import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior copy INPUT OUTPUT`
struct Copy: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrite a posterior file in the newest format with fresh digests.",
    discussion:
      "The posterior and the evaluation data stay what they are; data sets that the format does not know are left out.")

  @Argument(help: "The posterior file to read.", completion: .file(extensions: ["h5"]))
  var input: String

  @Argument(help: "The posterior file to write; an existing one is replaced once the new one is complete.")
  var output: String

  @Flag(help: "Compress the new file: about a sixth smaller, ten times slower to write.")
  var compress = false

  @Flag(help: "Read a file whose content is not that of its digests all the same.")
  var acceptChanged = false

  func run() throws {
    try OutputPlace.requireFile(output)
    let posterior = try PosteriorFile.open(input, acceptChanged: acceptChanged, probe: .currentProgram)
    var contents = try PosteriorContents(copying: posterior)
    contents.isCompressed = compress
    do {
      try PosteriorWriter.write(contents, to: output)
    } catch {
      throw OutputError("\(error)")
    }
  }
}
