/// Arrays in a `.npz` file of NumPy, as `numpy.savez` and `numpy.savez_compressed` write it: a zip file of `.npy`
/// files, whose checksums are compared when values are read.
public struct NumPyArchive: ArrayArchive {
  /// The names of the arrays, which are those of the members without `.npy`.
  public let names: [String]
  private let zip: ZipFile
  private let members: [String: ZipMember]

  /// Reads the directory of a file.
  ///
  /// - Throws: ``ArrayFileError`` when it is damaged or holds no array.
  public init(_ path: String) throws(ArrayFileError) {
    zip = try ZipFile(path)
    if zip.members.contains(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) {
      throw ArrayFormat.pickle(path)
    }
    let arrays = zip.members.filter { $0.name.hasSuffix(".npy") }
    names = arrays.map { String($0.name.dropLast(4)) }
    guard !names.isEmpty else {
      let listed = zip.members.prefix(5).map(\.name).joined(separator: ", ")
      throw ArrayFileError(
        file: path, reason: "is a zip file without arrays of NumPy" + (listed.isEmpty ? "" : "; it holds \(listed)"),
        advice: "In numpy: numpy.savez(\"file.npz\", name=array)")
    }
    members = Dictionary(uniqueKeysWithValues: Swift.zip(names, arrays))
  }

  /// An array of text with one element; nil where an array holds something else, or there is none of this name.
  public func text(_ name: String) throws(ArrayFileError) -> String? {
    guard let member = members[name], member.size <= NumPyHeader.limit + NumPyText.limit else { return nil }
    let bytes = try zip.contents(of: member)
    do throws(NumPyHeader.Refusal) {
      return try NumPyText.text(bytes)
    } catch {
      throw zip.file.error(error.reason, at: name, advice: error.advice)
    }
  }

  /// The array of this name.
  public func array(_ name: String) throws(ArrayFileError) -> ForeignArray {
    guard let member = members[name] else {
      throw ArrayFileError(
        file: zip.file.path,
        reason: "holds no array '\(name)'; it holds \(names.prefix(20).joined(separator: ", "))")
    }
    let start = try zip.beginning(of: member, count: NumPyHeader.limit + 12)
    let header: NumPyHeader
    do throws(NumPyHeader.Refusal) {
      header = try NumPyHeader(start)
    } catch {
      throw zip.file.error(error.reason, at: name, advice: error.advice)
    }
    return try ForeignArray(name: name, header, file: zip.file.path, byteCount: member.size - header.length) {
      [zip] () throws(ArrayFileError) in
      let bytes = try zip.contents(of: member)
      // The header once more: that of the checked bytes counts.
      guard bytes.starts(with: start.prefix(header.length)) else {
        throw zip.file.error("changed while it was read", at: name, advice: "Try again")
      }
      return Array(bytes[header.length...])
    }
  }
}
