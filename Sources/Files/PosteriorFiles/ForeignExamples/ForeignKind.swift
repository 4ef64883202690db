import ArrayFiles
import Foundation

/// What holds labelled inputs and is no HDF5 file.
enum ForeignKind: Equatable {
  /// Arrays in a `.npz` file of NumPy.
  case numPyArchive
  /// A table of numbers, a line for each example.
  case table
  /// A folder of PNG images.
  case images
  /// A file of CIFAR's binary form.
  case cifarFile(CIFARKind)
  /// A folder with all of CIFAR's binary files.
  case cifarFolder(CIFARKind)

  /// Recognises what a path leads to; nil for everything else, which is opened as HDF5.
  init?(_ path: String) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    if isFolder.boolValue {
      if let kind = CIFARKind.allCases.first(where: { $0.isIn(path) }) {
        self = .cifarFolder(kind)
      } else {
        self = .images
      }
      return
    }
    let name = URL(filePath: path).lastPathComponent
    switch URL(filePath: path).pathExtension.lowercased() {
    case "csv", "tsv":
      // A file of another kind under such a name says so when it is opened.
      self = .table
    case "bin":
      guard let kind = CIFARKind.allCases.first(where: { $0.fileNames.contains(name) }) else { return nil }
      self = .cifarFile(kind)
    case "npz" where (try? ArrayFormat(beginningOf: path)) == .numPyArchive: self = .numPyArchive
    // A file under a name that says nothing is opened as HDF5, which knows the others by their content.
    default: return nil
    }
  }
}
