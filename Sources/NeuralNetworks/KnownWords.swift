/// The words that a description may use, and what other libraries call the same.
struct KnownWords {
  let words: [String]
  /// Other words, in lower case without underscores, and what to do about them.
  let others: [String: String]

  static let layers = KnownWords(
    words: ["normalize", "flatten", "dense", "conv2d", "max_pool2d"],
    others: [
      "linear": "here it is called dense", "fc": "here it is called dense", "fullyconnected": "here it is called dense",
      "conv": "here it is called conv2d", "convolution": "here it is called conv2d",
      "maxpool": "here it is called max_pool2d", "maxpooling2d": "here it is called max_pool2d",
      "normalization": "here it is called normalize",
      "dropout": "leave it out, it does nothing once the network is trained",
      "batchnorm": "fold its scale and shift into the layer before it",
      "batchnorm2d": "fold its scale and shift into the layer before it",
      "relu": "activations are a key of the layer before them",
      "tanh": "activations are a key of the layer before them",
      "softmax": "leave it out, the last layer gives logits",
    ])

  static let activations = KnownWords(
    words: Architecture.Activation.allCases.map(\.rawValue),
    others: [
      "lrelu": "here it is called leaky_relu", "logistic": "here it is called sigmoid",
      "none": "here it is called identity", "linear": "here it is called identity",
      "softmax": "here it is identity, the last layer gives logits",
    ])

  /// What to say after a word that is none of these: which exist, and which was perhaps meant.
  func hint(_ word: String) -> String {
    let plain = word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    let list = " (there are " + words.joined(separator: ", ") + ")"
    if let same = words.first(where: { $0.filter { $0 != "_" } == plain }) {
      return list + ": perhaps \(same) is meant"
    }
    return others[plain].map { list + ": \($0)" } ?? list
  }
}
