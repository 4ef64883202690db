import Foundation
import PosteriorFiles
import TestSupport
import Testing

@testable import Datasets

/// Data sets of images in four files.
@Suite(.inTurn) struct ImageDatasetTests {
  private static let fixtures = DataFolders(given: Fixtures.url("data").path)

  /// Writes four files with 2 × 2 images, one of them replaced.
  private func problem(_ name: String, _ bytes: [UInt8]?) throws -> DatasetError? {
    try withFolder { folder in
      var files = [
        "train-images-idx3-ubyte": IDX.images(2, 2, 2, [UInt8](0..<8)), "train-labels-idx1-ubyte": IDX.labels([0, 1]),
        "t10k-images-idx3-ubyte": IDX.images(1, 2, 2, [9, 9, 9, 9]), "t10k-labels-idx1-ubyte": IDX.labels([1]),
      ]
      files[name] = bytes
      for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
      return #expect(throws: DatasetError.self) { try ImageDataset.mnist.load(from: DataFolders(given: folder.path)) }
    }
  }

  // The expected digests come from make_training_subset.py's files through Python's hashlib.
  @Test func `the small part of MNIST has the digests that another program computes`() throws {
    let dataset = try ImageDataset.mnist.load(from: Self.fixtures)
    #expect(dataset.train.sha256 == "8638afb7bc088280ffc6e7a2edc6479c91a6b496723ab867930b78d20a7fedc9")
    #expect(dataset.test?.sha256 == "061509865d06910a6142e5bf4d84e1e83f6342ebf8bb4503da1c725e36c18554")
  }

  @Test func `the small part of MNIST is balanced`() throws {
    let dataset = try ImageDataset.mnist.load(from: Self.fixtures)
    #expect(dataset.inputShape == [1, 28, 28])
    #expect(dataset.train.classCounts(10) == [Int](repeating: 200, count: 10))
    #expect(dataset.test?.classCounts(10) == [Int](repeating: 50, count: 10))
  }

  @Test func `a part of what was published is not complete`() throws {
    #expect(try !ImageDataset.mnist.isComplete(ImageDataset.mnist.load(from: Self.fixtures).train))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: DataFolders.debianFashionMNIST)))
  func `Debian's Fashion-MNIST is what was published`() throws {
    let dataset = try ImageDataset.fashionMNIST.load(from: DataFolders(given: nil, environment: [:]))
    #expect(dataset.train.classCounts(10) == [Int](repeating: 6000, count: 10))
    #expect(ImageDataset.fashionMNIST.isComplete(dataset.train))
    #expect(try ImageDataset.fashionMNIST.isComplete(#require(dataset.test)))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: DataFolders.debianFashionMNIST)))
  func `Fashion-MNIST is not taken for MNIST`() throws {
    let error = #expect(throws: DatasetError.self) {
      try ImageDataset.mnist.load(from: DataFolders(given: DataFolders.debianFashionMNIST))
    }
    #expect(error?.reason == "holds fashion-mnist, not mnist")
  }

  private static let mnist = DataFolders(given: nil)

  @Test(.enabled(if: (try? mnist.folder(of: .mnist)) != nil, "MNIST is in $BAYES_DATA"))
  func `the full MNIST has 60,000 and 10,000 images`() throws {
    let dataset = try ImageDataset.mnist.load(from: Self.mnist)
    #expect(dataset.train.count == 60_000)
    #expect(dataset.test?.count == 10_000)
  }

  @Test func `a count of labels that disagrees with the images is an error`() throws {
    let error = try problem("train-labels-idx1-ubyte", IDX.labels([0, 1, 1]))
    #expect(error?.file.hasSuffix("/train-labels-idx1-ubyte") == true)
    #expect(error?.reason.hasPrefix("holds 3 labels, but ") == true)
    #expect(error?.reason.hasSuffix("/train-images-idx3-ubyte holds 2 images") == true)
  }

  @Test func `a label beyond the classes is an error`() throws {
    let error = try problem("t10k-labels-idx1-ubyte", IDX.labels([10]))
    #expect(error?.reason == "holds the label 10 at position 0; labels run from 0 to 9")
  }

  @Test func `images of another size to test on are an error`() throws {
    let error = try problem("t10k-images-idx3-ubyte", IDX.images(1, 1, 4, [9, 9, 9, 9]))
    #expect(error?.reason == "holds images of 1 × 4; those to train on have 2 × 2")
  }

  @Test func `a missing file is named`() throws {
    let error = try problem("t10k-labels-idx1-ubyte", nil)
    #expect(
      error?.reason == "holds other files of mnist, but neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz")
  }

  // MARK: - Folders

  @Test func `the folder that was asked for is the only one`() {
    let folders = DataFolders(given: "a", environment: ["BAYES_DATA": "b"])
    #expect(folders.candidates(for: .fashionMNIST) == ["a/fashion-mnist", "a"])
  }

  @Test func `the environment comes before Debian's folder`() {
    let folders = DataFolders(given: nil, environment: ["BAYES_DATA": "b"])
    #expect(folders.candidates(for: .fashionMNIST) == ["b/fashion-mnist", "b", "/usr/share/datasets/fashion-mnist"])
  }

  @Test func `MNIST is never looked for in the folder of Fashion-MNIST`() {
    #expect(DataFolders(given: nil, environment: [:]).candidates(for: .mnist) == ["data/mnist", "data"])
  }

  @Test func `what is nowhere is said to be missing with the folders`() throws {
    let error = #expect(throws: DatasetError.self) {
      try ImageDataset.mnist.load(from: DataFolders(given: "/nonexistent"))
    }
    #expect(error?.reason == "was not found in /nonexistent/mnist, /nonexistent")
  }
}
