/// The words that a description may use, and what other libraries call the same.
struct KnownWords {
  let words: [String]
  /// Other words, in lower case without underscores, and what to do about them.
  let others: [String: String]

  static let layers = KnownWords(
    words: LayerKinds.all.flatMap { $0.allTypes },
    others: [
      "avgpool": "here it is called average_pool2d", "avgpool2d": "here it is called average_pool2d",
      "averagepool": "here it is called average_pool2d", "globalaveragepool": "here it is called global_average_pool2d",
      "adaptiveavgpool2d": "here it is called global_average_pool2d, where it gives one number a channel",
      "frn": "here it is called filter_response_norm", "swish": "here it is called silu",
      "concatenate": "here it is called concat", "permute": "here it is called transpose",
      "mul": "here it is called multiply", "sum": "here it is called add", "residual": "here it is called add",
      "instancenorm": "here it is group_norm with as many groups as channels",
      "lstm": Self.recurrent, "gru": Self.recurrent, "rnn": Self.recurrent, "lstmcell": Self.recurrent,
      "embedding": "inputs are numbers that an attack can move, not the positions of words",

      "linear": "here it is called dense", "fc": "here it is called dense", "fullyconnected": "here it is called dense",
      "conv": "here it is called conv2d", "convolution": "here it is called conv2d",
      "maxpool": "here it is called max_pool2d", "maxpooling2d": "here it is called max_pool2d",
      "normalization": "here it is called normalize",
      "dropout":
        "leave it out, it does nothing once the network is trained; masks that belong to draws are a scale layer",
      "batchnorm2d": "here it is called batch_norm", "batchnorm1d": "here it is called batch_norm",
      "logsoftmax": "leave it out, the last layer gives logits",
    ])

  private static let recurrent =
    "recurrent networks are not evaluated here: their inputs are words, not numbers to move"

  static let activations = KnownWords(
    words: Architecture.Activation.allCases.map(\.rawValue),
    others: [
      "lrelu": "here it is called leaky_relu", "logistic": "here it is called sigmoid",
      "none": "here it is called identity", "swish": "here it is called silu", "linear": "here it is called identity",
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
