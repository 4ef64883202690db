import Foundation
import PosteriorFiles
import RobustnessCore

extension ImageDataset {
  /// The binary form, where the data set comes in it.
  var cifar: CIFARKind? {
    switch self {
    case .mnist, .fashionMNIST: nil
    case .cifar10: .cifar10
    case .cifar100: .cifar100
    }
  }

  /// The folder that the published archive unpacks to.
  var unpackedFolder: String? {
    switch self {
    case .mnist, .fashionMNIST: nil
    case .cifar10: "cifar-10-batches-bin"
    case .cifar100: "cifar-100-binary"
    }
  }

  /// Reads the binary files, or the archive that they were published in.
  func loadCIFAR(_ kind: CIFARKind, from folder: String) throws(DatasetError) -> Dataset {
    let archive = remoteFiles.first.map { "\(folder)/\($0.name)" } ?? ""
    let names = kind.fileNames
    let missing = names.filter { !FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    let contents: [String: [UInt8]]
    if missing.isEmpty {
      var read: [String: [UInt8]] = [:]
      for name in names {
        let reader = try ByteReader("\(folder)/\(name)")
        read[name] = try reader.read(Self.largestFile)
      }
      contents = read
    } else if FileManager.default.fileExists(atPath: archive) {
      contents = try TarReader(archive).files(names, limit: Self.largestFile)
    } else {
      throw DatasetError(
        file: folder, reason: "holds other files of \(rawValue), but not \(missing[0])",
        advice: "Fetch all of it with `datasets fetch \(rawValue) --data-folder FOLDER`")
    }
    func part(_ names: [String]) throws(DatasetError) -> DatasetPart {
      var levels: [UInt8] = []
      var labels: [Int] = []
      for name in names {
        do throws(PosteriorFileError) {
          let records = try kind.records(contents[name] ?? [], of: "\(folder)/\(name)")
          levels += records.levels
          labels += records.labels
        } catch {
          throw DatasetError(file: error.file, reason: error.reason, advice: error.advice)
        }
      }
      return DatasetPart(inputs: .bytes(levels), inputShape: CIFARKind.inputShape, labels: labels, inputBounds: 0...1)
    }
    return try Dataset(
      name: rawValue, classCount: classCount, train: try part(kind.trainingFiles), test: try part(kind.testFiles),
      origin: missing.isEmpty ? folder : archive)
  }

  /// More than any of the files has: 50,000 images.
  private static let largestFile = 160_000_000
}
