import Foundation

/// PNG images in a folder, with the class of each: those in a folder for each class, or those that `labels.csv` lists.
///
/// Folders of classes are numbered in the order of their names, as torchvision's `ImageFolder` does it. Folders `train`
/// and `test` may lie above them.
struct ImageFolder {
  let train: ImageList
  /// nil where nothing is set apart.
  let test: ImageList?

  /// Lists the images.
  ///
  /// - Throws: `PosteriorFileError` for a folder whose images have no class, or could have another one.
  init(_ path: String) throws(PosteriorFileError) {
    let names = try ImageList.names(in: path, below: "")
    if let problem = PNGImage.unavailable, try ImageList.holdsImages(path, names) {
      throw PosteriorFileError(file: path, path: "/", reason: problem.reason, advice: problem.advice)
    }
    guard !names.contains("labels.csv"), names.contains("train"), names.contains("test"),
      ImageList.isFolder("\(path)/train"), ImageList.isFolder("\(path)/test")
    else {
      train = try ImageList(path, below: "", names)
      test = nil
      return
    }
    train = try ImageList(path, below: "train/", ImageList.names(in: path, below: "train/"))
    let test = try ImageList(path, below: "test/", ImageList.names(in: path, below: "test/"))
    guard train.classNames == test.classNames else {
      throw PosteriorFileError(
        file: path, path: "test", reason: "has other folders of classes than train",
        advice: "A class without images has an empty folder")
    }
    self.test = test
  }
}

/// Some images by their files, and their labels.
struct ImageList {
  /// Paths below the folder.
  let files: [String]
  let labels: [Int]
  /// The folders of the classes in their order; nil where a table has the labels.
  let classNames: [String]?
  /// What was left out, for whoever reads results.
  let notes: [String]

  /// The images in one folder, which lies below another one.
  init(_ path: String, below: String, _ names: [String]) throws(PosteriorFileError) {
    if names.contains("labels.csv") {
      self = try ImageList(path, below: below, table: "\(path)/\(below)labels.csv")
      return
    }
    let folders = names.filter { Self.isFolder("\(path)/\(below)\($0)") }
    for image in names where !folders.contains(image) {
      guard try Self.isImage(image, path, below) else { continue }
      throw PosteriorFileError(
        file: path, path: below + image, reason: "has no label",
        advice: "Put the images into a folder for each class, or list them in labels.csv: a line with file,label, and "
          + "one for each image")
    }
    try Self.checkOrder(folders, path, below)
    var files: [String] = []
    var labels: [Int] = []
    for (label, folder) in folders.enumerated() {
      let place = "\(below)\(folder)/"
      for name in try Self.names(in: path, below: place) {
        guard !Self.isFolder("\(path)/\(place)\(name)") else {
          throw PosteriorFileError(file: path, path: place + name, reason: "is a folder inside that of a class")
        }
        guard try Self.isImage(name, path, place) else { continue }
        files.append(place + name)
        labels.append(label)
      }
    }
    guard !files.isEmpty else { throw Self.noImages(path) }
    guard folders.count > 1 else {
      throw PosteriorFileError(
        file: path, path: "\(below)\(folders[0])", reason: "is the only folder of a class",
        advice: "A class without images has an empty folder")
    }
    let list = folders.prefix(4).enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
    (self.files, self.labels, classNames) = (files, labels, folders)
    notes = ["classes by folder: \(list)\(folders.count > 4 ? ", …" : "")"]
  }

  /// The images of a table with the columns file and label.
  private init(_ path: String, below: String, table: String) throws(PosteriorFileError) {
    let list = try LabelTable(table)
    for (file, line) in zip(list.files, list.lines) {
      let parts = file.split(separator: "/", omittingEmptySubsequences: false)
      guard !parts.contains(where: { $0.isEmpty || $0 == ".." }) else {
        throw PosteriorFileError(
          file: table, path: "line \(line)", reason: "names '\(file.prefix(80))', which is no file below the folder")
      }
    }
    files = list.files.map { below + $0 }
    labels = list.labels
    classNames = nil
    notes = ["those that labels.csv lists"]
  }

  /// The numbers of classes must be those that anybody would give them.
  private static func checkOrder(
    _ folders: [String], _ path: String, _ below: String
  ) throws(PosteriorFileError) {
    guard let position = folders.indices.first(where: { Int(folders[$0]) ?? $0 != $0 }) else { return }
    throw PosteriorFileError(
      file: path, path: below + folders[position],
      reason: "would be class \(position), since folders are numbered in the order of their names as torchvision does",
      advice: "Rename the folders, as 00, 01, …, 10 from the first class to the last, or list the images in labels.csv")
  }

  static func noImages(_ path: String) -> PosteriorFileError {
    PosteriorFileError(
      file: path, path: "/", reason: "is a folder, without PNG images in it",
      advice: "Name the file with the examples; a folder of images has one for each class, or labels.csv")
  }

  // MARK: - What lies in a folder

  /// Names in a folder in the order of their bytes, without hidden ones.
  static func names(in path: String, below: String) throws(PosteriorFileError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(below)") else {
      throw PosteriorFileError(file: path, path: below.isEmpty ? "/" : below, reason: "cannot be listed")
    }
    return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Whether a folder, or one in it, has an image.
  static func holdsImages(_ path: String, _ names: [String]) throws(PosteriorFileError) -> Bool {
    if names.contains("labels.csv") || names.contains(where: { $0.lowercased().hasSuffix(".png") }) { return true }
    for name in names where isFolder("\(path)/\(name)") {
      let inner = try Self.names(in: path, below: name + "/")
      if inner.contains(where: { $0.lowercased().hasSuffix(".png") || isFolder("\(path)/\(name)/\($0)") }) {
        return true
      }
    }
    return false
  }

  /// Whether it is an image that is read; one that is not would be missing without a word.
  private static func isImage(_ name: String, _ path: String, _ below: String) throws(PosteriorFileError) -> Bool {
    let kind = URL(filePath: name).pathExtension.lowercased()
    if ["jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "ppm", "pgm"].contains(kind) {
      throw PosteriorFileError(
        file: path, path: below + name, reason: "is no PNG image, and no other kind is read",
        advice: "Convert it: in Python with PIL.Image.open(FILE).save(\"image.png\")")
    }
    return kind == "png"
  }
}
