import Foundation
import NeuralNetworks
import Shell

/// What `--architecture` says: a short form, the JSON of the file format, or the path of a file with it.
enum ArchitectureSpecification {
  /// Short forms, for messages.
  static let forms =
    "dense:512,512,relu, wide-mlp, carbone-conv:512, lenet5, resnet20-frn-silu, each of them behind normalize:MEAN:SCALE/ if you like, the JSON of the file format, or the path of a JSON file"

  private typealias Activation = Architecture.Activation

  /// The network that a text describes.
  ///
  /// `dense:WIDTH,…,ACTIVATION` has hidden layers `dense1`, `dense2`, … of these widths and a layer `output`; `dense:`
  /// alone has none of them (logistic regression). The inputs are made flat first where they have several dimensions.
  /// `normalize:MEAN:SCALE/` before either has the network see (x − mean) / scale, one number for each channel:
  /// `normalize:0.286:0.353/dense:32,relu`. `carbone-conv:FILTERS` is the convolutional network of Carbone et al.
  /// (NeurIPS 2020): two 5×5 convolutions of 32 and FILTERS filters with leaky ReLU, maxima over 2×2 windows with
  /// stride 2 and then 1, and a dense layer. `wide-mlp` has two hidden layers of 1,024 ReLUs; `lenet5` and
  /// `resnet20-frn-silu` are ``NamedArchitectures``.
  ///
  /// - Parameters:
  ///   - text: What the user gave.
  ///   - inputShape: The shape of the data.
  ///   - classCount: The number of the data's classes.
  /// - Throws: `UsageError` with what is wrong; `BadDataError` for a file that cannot be read.
  static func resolve(_ text: String, inputShape: [Int], classCount: Int) throws -> Architecture {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    let architecture: Architecture
    if text.hasPrefix("{") {
      architecture = try parse(json: text, "--architecture")
    } else if let file = try contents(of: text) {
      architecture = try parse(json: file, text)
    } else {
      let (normalization, form) = try normalization(text)
      let parts = form.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let layers: [Architecture.Layer]
      switch parts[0] {
      case "dense": layers = try dense(parts.count == 2 ? parts[1] : "512,512,relu", text, inputShape, classCount)
      case "wide-mlp" where parts.count == 1:
        layers = try dense("1024,1024,relu", text, inputShape, classCount)
      case "lenet5" where parts.count == 1:
        layers = try named(text, inputShape) { try NamedArchitectures.lenet5($0, classCount) }
      case "resnet20-frn-silu" where parts.count == 1:
        layers = try named(text, inputShape) { try NamedArchitectures.resnet20($0, classCount) }
      case "carbone-conv":
        layers = try convolutional(parts.count == 2 ? parts[1] : "512", text, inputShape, classCount)
      default:
        throw UsageError(
          "--architecture '\(text)' is no network.\(Suggestion.didYouMean(parts[0], among: ["dense", "wide-mlp", "carbone-conv", "lenet5", "resnet20-frn-silu"])) It is \(forms)"
        )
      }
      do throws(ArchitectureError) {
        architecture = try Architecture(
          inputShape: inputShape, classCount: classCount, layers: normalization + layers)
      } catch {
        throw UsageError("--architecture \(text) does not fit inputs of shape \(inputShape): \(error)")
      }
    }
    guard architecture.inputShape == inputShape else {
      throw UsageError(
        "the architecture takes inputs of shape \(architecture.inputShape); those of the data have shape \(inputShape)")
    }
    guard architecture.classCount >= classCount else {
      throw UsageError("the architecture has \(architecture.classCount) classes; the data have \(classCount)")
    }
    // A file with such a network would be refused when it has been written.
    if [.sigmoid, .hardsigmoid].contains(architecture.lastFunction) {
      throw UsageError(
        "the last layer has the activation \(architecture.lastFunction.word); it gives logits, whose activation is identity"
      )
    }
    return architecture
  }

  private static func parse(json: String, _ place: String) throws -> Architecture {
    do throws(ArchitectureError) {
      return try Architecture(json: json)
    } catch {
      throw UsageError("\(place): the architecture \(error)")
    }
  }

  /// The text of a file, if the word looks like the path of one.
  private static func contents(of path: String) throws -> String? {
    guard path.hasSuffix(".json") || FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw BadDataError("\(path) cannot be read: \(SystemError.words(of: error))")
    }
  }

  /// What stands before the slash, as a layer, and the rest.
  private static func normalization(_ text: String) throws -> ([Architecture.Layer], String) {
    guard text.hasPrefix("normalize:") else { return ([], text) }
    let halves = text.split(separator: "/", maxSplits: 1).map(String.init)
    let numbers = halves[0].split(separator: ":").dropFirst().map { $0.split(separator: ",").map { Double($0) } }
    guard halves.count == 2, numbers.count == 2, !numbers.joined().contains(nil) else {
      throw UsageError(
        "--architecture \(text): normalize takes means and scales, one for each channel, and a slash before the network: normalize:0.286:0.353/dense:32,relu"
      )
    }
    let values = numbers.map { $0.compactMap(\.self) }
    return ([.normalize(mean: values[0], scale: values[1])], halves[1])
  }

  private static func named(
    _ text: String, _ inputShape: [Int], _ layers: ([Int]) throws -> [Architecture.Layer]
  ) throws -> [Architecture.Layer] {
    guard inputShape.count == 3 else {
      throw UsageError(
        "--architecture \(text) takes images (channels, height, width), not inputs of shape \(inputShape)")
    }
    do {
      return try layers(inputShape)
    } catch let error as ArchitectureError {
      throw UsageError("--architecture \(text) does not fit inputs of shape \(inputShape): \(error)")
    }
  }

  private static func flat(_ inputShape: [Int]) -> [Architecture.Layer] { inputShape.count > 1 ? [.flatten] : [] }

  private static func dense(
    _ words: String, _ text: String, _ inputShape: [Int], _ classCount: Int
  ) throws -> [Architecture.Layer] {
    var words = words.isEmpty ? [] : words.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var activation = Activation.relu
    if let last = words.last, Int(last) == nil {
      activation = try self.activation(last, text)
      words.removeLast()
    }
    let hidden = try words.enumerated().map { index, word -> Architecture.Layer in
      guard let units = Int(word), units >= 1 else {
        throw UsageError(
          "--architecture \(text): '\(word)' is no width; write widths and then an activation: dense:512,512,relu")
      }
      return .dense(name: "dense\(index + 1)", units: units, activation: activation)
    }
    return flat(inputShape) + hidden + [.dense(name: "output", units: classCount, activation: .identity)]
  }

  private static func activation(_ word: String, _ text: String) throws -> Activation {
    let name = word.replacingOccurrences(of: "-", with: "_").lowercased()
    guard let activation = Activation(rawValue: name) else {
      let names = Activation.allCases.map { $0.rawValue.replacingOccurrences(of: "_", with: "-") }
      throw UsageError(
        "--architecture \(text): no activation is named '\(word)'.\(Suggestion.didYouMean(word, among: names)) There are \(names.joined(separator: ", "))"
      )
    }
    return activation
  }

  private static func convolutional(
    _ word: String, _ text: String, _ inputShape: [Int], _ classCount: Int
  ) throws -> [Architecture.Layer] {
    guard let filters = Int(word), filters >= 1 else {
      throw UsageError("--architecture \(text): '\(word)' is no number of filters; write carbone-conv:512")
    }
    return [
      .convolution(name: "conv1", filters: 32, kernelSize: 5, activation: .leakyReLU),
      .maxPool(kernelSize: 2, stride: 2),
      .convolution(name: "conv2", filters: filters, kernelSize: 5, activation: .leakyReLU),
      .maxPool(kernelSize: 2, stride: 1), .flatten,
      .dense(name: "output", units: classCount, activation: .identity),
    ]
  }
}
