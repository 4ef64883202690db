/// How many classes the labels of a file speak of, and where they are, for messages.
struct LabelledClasses {
  let file: String
  /// The place of the labels to train on.
  let labels: String
  /// The place of those to test on.
  let testLabels: String
  /// How an author states the number of classes; nil where there is no way.
  let statement: String?

  /// How many classes there are. Labels that leave classes out would make the network learn classes that do not exist,
  /// which also takes the meaning from every number about chance: they are refused where nothing states the number.
  func count(stated: Int?, train labels: [Int], test: [Int]?) throws(PosteriorFileError) -> Int {
    let largest = max(labels.max() ?? 0, test?.max() ?? 0)
    if let stated {
      for (name, part) in [(self.labels, labels), (testLabels, test ?? [])] {
        guard let position = part.firstIndex(where: { $0 >= stated }) else { continue }
        throw error(
          name, "holds \(part[position]) at position \(position); class_count is \(stated), and labels count from 0")
      }
      return stated
    }
    guard largest < TrainingArrays.classLimit else {
      throw error(
        labels.max() == largest ? self.labels : testLabels,
        "holds \(largest), which means more classes than \(TrainingArrays.classLimit); labels count from 0")
    }
    let found = Set(labels)
    guard found.count > 1 else {
      throw error(
        self.labels, "are \(labels.first ?? 0), all of them: there is nothing to learn",
        advice: "Give examples of every class" + (statement.map { ", or state their number in \($0)" } ?? ""))
    }
    if let missing = (0...largest).first(where: { !found.contains($0) }) {
      let list = found.sorted().prefix(6).map(String.init).joined(separator: ", ") + (found.count > 6 ? ", …" : "")
      let isOfTest = missing > (labels.max() ?? 0)
      throw error(
        isOfTest ? testLabels : self.labels,
        isOfTest
          ? "holds \(largest), which \(self.labels) never are; these are \(list)"
          : "are \(list): \(missing) is none of them, and classes count from 0 without a gap",
        advice: "Number the classes anew, in numpy with unique(labels, return_inverse=True)[1]"
          + (statement.map { "; where a class is left out on purpose, state the number of classes in \($0)" } ?? ""))
    }
    return largest + 1
  }

  private func error(_ place: String, _ reason: String, advice: String? = nil) -> PosteriorFileError {
    PosteriorFileError(file: file, path: place, reason: reason, advice: advice)
  }
}
