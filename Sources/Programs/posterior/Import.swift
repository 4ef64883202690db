import ArgumentParser
import ComputeKernels
import Foundation
import NetworkImport
import NeuralNetworks
import PosteriorFiles
import Shell

/// `posterior import draw*.onnx`
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a posterior file of networks in ONNX, and of draws of other programs.",
    discussion: """
      posterior import draw*.onnx --data test.npz --reference answers.npz --kind ensemble --output posterior.h5
      posterior import --network net.onnx --draws draw*.safetensors --kind mcmc --chains 4 --output posterior.h5
      posterior import --network net.onnx --posterior idata.nc --map fc1.weight=w1,fc1.bias=b1 --output posterior.h5

      A graph for each draw; or one network, in ONNX or as the JSON of Docs/file-format.md, and its tensors by name: in \
      .safetensors or .npz for each draw, or in ArviZ's InferenceData for all of them. The data are arrays inputs and \
      labels of an .npz; a byte means its value divided by 255. The reference answers are logits (draw, input, class) or \
      log_predictive (input, class) of your own program, at its own inputs or the first of the data: the network is \
      compared with them before anything is written. Docs/import.md has the operators that are read.
      """)

  @Argument(help: "A graph with its weights for each draw, in their order.", completion: .file(extensions: ["onnx"]))
  var graphs: [String] = []

  @Option(
    help: ArgumentHelp(
      "The one network, in ONNX or in JSON, whose tensors --draws or --posterior has.", valueName: "file"),
    completion: .file(extensions: ["onnx", "json"]))
  var network: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "A .safetensors or .npz for each draw; a graph was exported from one of them.", valueName: "files"))
  var draws: [String] = []

  @Option(
    help: ArgumentHelp(
      "ArviZ's InferenceData in netCDF-4: all draws, their chains, and what the sampler recorded.", valueName: "file"),
    completion: .file(extensions: ["nc"]))
  var posterior: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Which variable a tensor of the network is, where it has another name: fc1.weight=w1. Where shapes do not tell the order of axes, ,transposed (or .T), ,as-is or .transpose(3,2,0,1) behind it does. fc1.weight= keeps the graph's own numbers, =aux.weight leaves out what the network does not use.",
      valueName: "tensor=variable"))
  var map: [String] = []

  @Option(help: ArgumentHelp("An .npz with inputs and labels to evaluate on.", valueName: "file"))
  var data: String?

  @Option(help: ArgumentHelp("An .npz with what your own program answers.", valueName: "file"))
  var reference: String?

  @Option(
    help: ArgumentHelp(
      "How the draws came about: \(Self.kinds); not needed for one network.", valueName: "kind"),
    completion: .list(PosteriorKind.allCases.map(\.rawValue)),
    transform: { word in
      guard let kind = PosteriorKind(rawValue: word) else {
        let suggestion = Suggestion.didYouMean(word, among: PosteriorKind.allCases.map(\.rawValue))
        throw ValidationError("there is no kind '\(word)' of posterior.\(suggestion) There are \(Self.kinds)")
      }
      return kind
    })
  var kind: PosteriorKind?

  private static let kinds = PosteriorKind.allCases.map(\.rawValue).joined(separator: ", ")

  @Option(help: "Chains of --kind mcmc: the draws are in their order, as many for each.")
  var chains: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The lowest and the highest value of an input, or a pair for each channel. Default: 0 1.", valueName: "low high"))
  var bounds: [Double] = []

  @Option(name: .shortAndLong, help: ArgumentHelp("The posterior file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Replace an existing file when the new one is complete.")
  var overwrite = false

  @Flag(help: "Compress the file: about a sixth smaller, ten times slower to write.")
  var compress = false

  func validate() throws {
    if network == nil, !draws.isEmpty {
      throw ValidationError("--draws has the tensors of a graph: give that as --network")
    }
    if network != nil, !graphs.isEmpty {
      throw ValidationError("give a graph for each draw, or --network with --draws or --posterior, not both")
    }
    if network == nil, posterior != nil {
      throw ValidationError(
        "--posterior has the draws of a network: give that as --network, a graph in ONNX or its JSON")
    }
    if network != nil, draws.isEmpty == (posterior == nil) {
      throw ValidationError("--network is one network: give its tensors as --draws or as --posterior")
    }
    if network == nil, !map.isEmpty { throw ValidationError("--map is for the tensors of a --network") }
    if network == nil, graphs.isEmpty { throw ValidationError("give an ONNX file for each draw") }
    if let chains, chains < 1 { throw ValidationError("--chains takes a number of at least 1, not \(chains)") }
  }

  func run() throws {
    if let fault = KernelLibrary.namedLibraryFault { throw UsageError(fault) }
    try OutputPlace.check(output, needsFile: true)
    let inputs = graphs + draws + [network, posterior, data, reference].compactMap(\.self)
    let place = URL(filePath: output).resolvingSymlinksInPath().standardizedFileURL
    if let input = inputs.first(where: { URL(filePath: $0).resolvingSymlinksInPath().standardizedFileURL == place }) {
      throw UsageError("--output \(input) is what is read: give another name")
    }
    if FileManager.default.fileExists(atPath: output), !overwrite {
      throw UsageError("\(output) is there already: give another --output, or --overwrite to replace it at the end")
    }
    var request = ImportRequest()
    request.graphs = graphs
    request.network = network
    request.draws = draws
    request.posterior = posterior
    request.map = map
    request.probe = .currentProgram
    request.data = data
    request.reference = reference
    request.kind = kind
    request.chains = chains
    request.bounds = bounds
    let imported = try PosteriorImport(request)
    if let findings = imported.findings, findings.outcome == .differs {
      throw BadDataError("\(reference ?? ""): \(findings.sentence(author: imported.author)). \(findings.whatToDo)")
    }
    var contents = imported.contents
    contents.isCompressed = compress
    let file: PosteriorFile
    do {
      file = try PosteriorWriter.write(contents, to: output)
    } catch let error as PosteriorFileError where error.reason.hasPrefix("could not be written") {
      throw OutputError("\(error)")
    }
    try StandardOutput.print(Self.summary(of: file, imported).map(PrintedText.line).joined(separator: "\n"))
  }

  /// What was recognised, line by line.
  private static func summary(of file: PosteriorFile, _ imported: PosteriorImport) -> [String] {
    let architecture = file.architecture
    var lines = ["\(file.path): \(file.kind?.rawValue ?? "one network") · \(architecture.summary)"]
    func add(_ label: String, _ text: String) {
      lines.append("  " + label.padding(toLength: 12, withPad: " ", startingAt: 0) + text)
    }
    add(
      "input",
      "(\(architecture.inputShape.map(String.init).joined(separator: ", "))), \(architecture.classCount) classes")
    add("draws", "\(file.chainCount) chain\(file.chainCount == 1 ? "" : "s") × \(file.drawsPerChain)")
    let shared = file.sharedParameters.reduce(0) { $0 + architecture.parameters[$1].count }
    add(
      "parameters", "\(architecture.parameterCount)" + (shared > 0 ? ", \(shared) of them the same in all draws" : ""))
    for note in imported.notes { add("note", note) }
    if let shape = file.evaluationShape { add("data", "\(shape[0]) examples") }
    if let findings = imported.findings {
      let sentences = ["\(findings.sentence(author: imported.author)).", findings.whatToDo]
      add("reference", sentences.filter { !$0.isEmpty }.joined(separator: " "))
    } else {
      add("reference", "none: nothing shows that this is the network that your program computes (--reference)")
    }
    return lines
  }
}
