import PosteriorFiles
import RobustnessCore

/// The data sets of images that are known by name: four IDX files, or CIFAR's binary form.
public enum ImageDataset: String, Sendable, Hashable, CaseIterable {
  /// Handwritten digits (LeCun, Cortes and Burges).
  case mnist
  /// Articles of clothing (Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747).
  case fashionMNIST = "fashion-mnist"
  /// Small photographs of ten kinds of things (Krizhevsky 2009, *Learning multiple layers of features from tiny images*).
  case cifar10
  /// The same of a hundred kinds.
  case cifar100

  /// Number of classes.
  public var classCount: Int { self == .cifar100 ? 100 : 10 }

  /// What the classes are, in the order of the labels.
  public var classNames: [String] {
    switch self {
    case .mnist: (0...9).map(String.init)
    case .fashionMNIST:
      [
        "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
      ]
    case .cifar10: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    case .cifar100: Self.cifar100Names
    }
  }

  /// Names of the files, those of IDX files without `.gz`: images and labels to train on, images and labels to test on.
  public var fileNames: [String] {
    if let cifar { return cifar.fileNames }
    return ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
  }

  /// Whether a part is all that was published, known by its digest; false as well where no digest is known.
  public func isComplete(_ part: DatasetPart) -> Bool { publishedDigests.contains(part.sha256) }

  /// The digests of all that was published to train on and to test on; none where the archive's own digest has to do.
  package var publishedDigests: [String] {
    switch self {
    case .mnist:
      [
        "e2cc57fffe37ca66945baade44b00fb440d47b912fd2ae0bdbe3e376073a30c0",
        "3fcbb9e34a137de7c64c0f3c30602bbcddb2ac29f94a5e2666869cd5be42ae5f",
      ]
    case .fashionMNIST:
      [
        "4e0692ab93e47c8224e8b974d0ffd1d47fded5611fa4d674d9e84fe1ab85ae6c",
        "f7b0b885bdcedb48d4ab8faffbd488dc016b401de486d6a6ab6479724270f680",
      ]
    case .cifar10, .cifar100: []
    }
  }

  /// Reads the files from the first folder that holds any of them: four IDX files, each plain or compressed with gzip,
  /// or CIFAR's binary files, which may still be in their archive.
  ///
  /// Images have the shape (channels, rows, columns) and the bounds 0 and 1; each byte means its value divided by 255.
  ///
  /// - Throws: ``DatasetError`` for files that are missing, damaged, or do not fit together.
  public func load(from folders: DataFolders) throws(DatasetError) -> Dataset {
    let folder = try folders.folder(of: self)
    if let cifar { return try loadCIFAR(cifar, from: folder) }
    var paths: [String] = []
    for name in fileNames {
      guard let path = DataFolders.file(name, in: folder) else {
        throw DatasetError(
          file: folder, reason: "holds other files of \(rawValue), but neither \(name) nor \(name).gz",
          advice: "Fetch what is missing with `datasets fetch \(rawValue) --data-folder FOLDER`")
      }
      paths.append(path)
    }
    let train = try part(images: paths[0], labels: paths[1])
    let test = try part(images: paths[2], labels: paths[3])
    guard train.inputShape == test.inputShape else {
      throw DatasetError(
        file: paths[2],
        reason: "holds images of \(Self.size(test)); those to train on have \(Self.size(train))")
    }
    // The files of all these data sets have the same names.
    if let other = Self.allCases.first(where: { $0 != self && $0.isComplete(train) }) {
      throw DatasetError(
        file: folder, reason: "holds \(other.rawValue), not \(rawValue)",
        advice: "Put each data set into a folder of its own, named after it")
    }
    return try Dataset(name: rawValue, classCount: classCount, train: train, test: test, origin: folder)
  }

  private static func size(_ part: DatasetPart) -> String {
    part.inputShape.dropFirst().map(String.init).joined(separator: " × ")
  }

  private func part(images imagesPath: String, labels labelsPath: String) throws(DatasetError) -> DatasetPart {
    let images = try IDXArray.read(imagesPath, axes: 3)
    let labels = try IDXArray.read(labelsPath, axes: 1)
    guard images.shape[0] == labels.shape[0] else {
      throw DatasetError(
        file: labelsPath,
        reason: "holds \(labels.shape[0]) labels, but \(imagesPath) holds \(images.shape[0]) images")
    }
    if let index = labels.bytes.firstIndex(where: { Int($0) >= classCount }) {
      throw DatasetError(
        file: labelsPath,
        reason: "holds the label \(labels.bytes[index]) at position \(index); labels run from 0 to \(classCount - 1)")
    }
    return DatasetPart(
      inputs: .bytes(images.bytes), inputShape: [1] + images.shape.dropFirst(), labels: labels.bytes.map { Int($0) },
      inputBounds: 0...1)
  }
}
