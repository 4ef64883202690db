import ArrayFiles
import Foundation
import RobustnessCore

/// CIFAR-10 or CIFAR-100 in its binary form: records of one label or two and 3 × 32 × 32 levels, the channels one after
/// the other.
///
/// Of CIFAR-100's two labels the second counts, that of the class; the first is that of its group of five classes.
/// Source: Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html, *Binary version*.
package enum CIFARKind: String, Sendable, Hashable, CaseIterable {
  case cifar10
  case cifar100

  /// Shape of an image.
  package static let inputShape = [3, 32, 32]

  /// Number of classes.
  package var classCount: Int { self == .cifar10 ? 10 : 100 }

  /// Names of the files to train on.
  package var trainingFiles: [String] {
    self == .cifar10 ? (1...5).map { "data_batch_\($0).bin" } : ["train.bin"]
  }

  /// Names of the files to test on.
  package var testFiles: [String] { self == .cifar10 ? ["test_batch.bin"] : ["test.bin"] }

  /// All names.
  package var fileNames: [String] { trainingFiles + testFiles }

  private var labelCount: Int { self == .cifar10 ? 1 : 2 }
  private var recordSize: Int { labelCount + 3072 }

  /// Whether a folder holds any of the files.
  package func isIn(_ folder: String) -> Bool {
    fileNames.contains { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
  }

  /// The paths of the files in a folder.
  ///
  /// - Throws: `PosteriorFileError` when one is missing.
  func files(in folder: String) throws(PosteriorFileError) -> (train: [String], test: [String]) {
    for name in fileNames where !FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
      throw PosteriorFileError(
        file: folder, path: "/", reason: "holds other files of \(rawValue), but not \(name)",
        advice: "Fetch what is missing with `datasets fetch \(rawValue)`, or name one of the files")
    }
    return (trainingFiles.map { "\(folder)/\($0)" }, testFiles.map { "\(folder)/\($0)" })
  }

  /// Reads whole files.
  func examples(_ path: String, files: [String]) throws(PosteriorFileError) -> ForeignExamples {
    var levels: [UInt8] = []
    var labels: [Int] = []
    var counts: [(file: String, count: Int)] = []
    for file in files {
      let bytes = try readingBytes { () throws(ArrayFileError) in
        let file = try FileBytes(file)
        return try file.read(at: 0, count: file.count)
      }
      let records = try records(bytes, of: file)
      levels += records.levels
      labels += records.labels
      counts.append((URL(filePath: file).lastPathComponent, records.labels.count))
    }
    return try ForeignExamples(
      path: path, inputs: .bytes(levels), inputShape: Self.inputShape, labels: labels, places: .records(counts),
      classCount: classCount, notes: [files.map { URL(filePath: $0).lastPathComponent }.joined(separator: ", ")])
  }

  /// Takes the records of a file apart: levels in the order (image, channel, row, column), and the labels.
  ///
  /// - Throws: `PosteriorFileError` for a file that is no whole number of records, and for labels that are none.
  package func records(
    _ bytes: [UInt8], of file: String
  ) throws(PosteriorFileError) -> (levels: [UInt8], labels: [Int]) {
    guard !bytes.isEmpty, bytes.count % recordSize == 0 else {
      throw PosteriorFileError(
        file: file, path: "/",
        reason: "has \(bytes.count) bytes, which are no images of \(rawValue): each takes \(recordSize)",
        advice: "Copy or fetch it again")
    }
    let count = bytes.count / recordSize
    var levels: [UInt8] = []
    levels.reserveCapacity(count * 3072)
    var labels: [Int] = []
    for record in 0..<count {
      let start = record * recordSize
      let label = Int(bytes[start + labelCount - 1])
      guard label < classCount, labelCount == 1 || bytes[start] < 20 else {
        throw PosteriorFileError(
          file: file, path: "/",
          reason: "has the label \(label) for image \(record), where \(rawValue) has \(classCount) classes",
          advice: "It is another file than its name says, or damaged: copy or fetch it again")
      }
      labels.append(label)
      levels += bytes[(start + labelCount)..<(start + recordSize)]
    }
    return (levels, labels)
  }
}
