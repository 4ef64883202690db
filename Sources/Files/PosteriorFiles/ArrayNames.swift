/// What people call labelled inputs at the root of a file.
enum ArrayNames {
  typealias Pair = (inputs: String, labels: String)

  private static let toTestOn: [Pair] = [("x_test", "y_test"), ("X_test", "y_test"), ("X_test", "Y_test")]
  private static let toTrainOn: [Pair] = [("x_train", "y_train"), ("X_train", "y_train"), ("X_train", "Y_train")]
  private static let plain: [Pair] = [("inputs", "labels"), ("x", "y"), ("X", "y"), ("X", "Y")]

  /// The arrays to evaluate on: `inputs` and `labels` where either is there, else those to test on, else those that say
  /// nothing more; nil for none.
  static func examples(among names: [String]) -> Pair? {
    if names.contains("inputs") || names.contains("labels") { return plain[0] }
    return first(toTestOn + plain, among: names)
  }

  /// The arrays to train on, and those to test on if there are any; nil for none.
  static func training(among names: [String]) -> (train: Pair, test: Pair?)? {
    if names.contains("inputs") || names.contains("labels") {
      let test: Pair = ("test_inputs", "test_labels")
      return (plain[0], names.contains(test.inputs) || names.contains(test.labels) ? test : nil)
    }
    guard let train = first(toTrainOn + plain, among: names) else { return nil }
    return (train, first(toTestOn, among: names))
  }

  /// Whether it is one of these names.
  static func isKnown(_ name: String) -> Bool {
    name == "test_inputs" || name == "test_labels"
      || (toTestOn + toTrainOn + plain).contains { $0.inputs == name || $0.labels == name }
  }

  private static func first(_ pairs: [Pair], among names: [String]) -> Pair? {
    pairs.first { names.contains($0.inputs) && names.contains($0.labels) }
  }
}
