import Foundation

/// Where the files of data sets may lie.
public struct DataFolders: Sendable, Hashable {
  /// The environment variable that names a folder.
  public static let variable = "BAYES_DATA"
  /// The folder, below the current one, that is used when none is named.
  public static let standard = "data"
  /// Where Debian's package `dataset-fashion-mnist` puts its files.
  public static let debianFashionMNIST = "/usr/share/datasets/fashion-mnist"

  private let given: String?
  private let named: String?
  private let system: String

  /// Folders to look in.
  ///
  /// - Parameters:
  ///   - given: The folder that the user asked for; nothing else is looked at then.
  ///   - environment: The variables of the process, of which `BAYES_DATA` counts; nil for those of this one.
  public init(given: String? = nil, environment: [String: String]? = nil) {
    self.init(
      given: given, environment: environment ?? ProcessInfo.processInfo.environment, system: Self.debianFashionMNIST)
  }

  init(given: String?, environment: [String: String], system: String) {
    self.given = given
    named = environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
    self.system = system
  }

  /// The folder that fetched files go to: the one asked for, else `$BAYES_DATA`, else `data`.
  public var target: String { given ?? named ?? Self.standard }

  /// The folders that are looked at for a data set, in order: files lie in the folder itself or in one named after the
  /// data set; CIFAR's also in the folder that its archive unpacks to.
  public func candidates(for dataset: ImageDataset) -> [String] {
    var folders = ["\(target)/\(dataset.rawValue)", target]
    if let unpacked = dataset.unpackedFolder { folders = folders.flatMap { [$0, "\($0)/\(unpacked)"] } }
    if given == nil, dataset == .fashionMNIST { folders.append(system) }
    return folders
  }

  /// The first folder that holds a file of the data set.
  ///
  /// - Throws: ``DatasetError`` when none does.
  public func folder(of dataset: ImageDataset) throws(DatasetError) -> String {
    let folders = candidates(for: dataset)
    // What was unpacked is read sooner than the archive beside it.
    let archives = dataset.cifar == nil ? [] : dataset.remoteFiles.map(\.name)
    for names in [dataset.fileNames, archives] {
      for folder in folders where names.contains(where: { Self.file($0, in: folder) != nil }) { return folder }
    }

    var advice = "Fetch it with `datasets fetch \(dataset.rawValue)`, or name its folder with --data-folder"
    if dataset == .fashionMNIST { advice += "; Debian has it as the package dataset-fashion-mnist" }
    throw DatasetError(
      file: dataset.rawValue, reason: "was not found in \(folders.joined(separator: ", "))", advice: advice)
  }

  /// The path of a file, compressed or not; nil when neither is there.
  static func file(_ name: String, in folder: String) -> String? {
    ["\(folder)/\(name).gz", "\(folder)/\(name)"].first { FileManager.default.fileExists(atPath: $0) }
  }
}
