import Foundation

/// A file of another kind, recognised by its content, and how what is in it gets into one that is read here.
struct ForeignFile: Equatable {
  /// What it is: `a PyTorch file`.
  let kind: String
  /// How examples in it get into a file that is read here, a sentence without a full stop.
  let advice: String
  /// How networks and draws in it get into a posterior file, a sentence without a full stop.
  let importAdvice: String
  /// Whether it is netCDF before the fourth version, which is no HDF5.
  let isClassicNetCDF: Bool

  /// Looks at the beginning and the end of a file; nil where nothing is recognised.
  init?(_ path: String) {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    let head = [UInt8]((try? handle.read(upToCount: Self.window)) ?? Data())
    let size = (try? handle.seekToEnd()) ?? 0
    // The names in an archive stand once more at its end.
    try? handle.seek(toOffset: size > UInt64(Self.window) ? size - UInt64(Self.window) : 0)
    let tail = [UInt8]((try? handle.readToEnd()) ?? Data())
    guard let kind = Self.kind(head: head, tail: tail, size: size) else { return nil }
    (self.kind, advice) = (kind.rawValue, kind.advice)
    importAdvice = kind.importAdvice(Self.argument(path))
    isClassicNetCDF = kind == .netCDF3
  }

  private static let window = 1 << 16

  /// The path as a shell takes it.
  static func argument(_ path: String) -> String {
    let isPlain = path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=@%".contains($0) } && !path.hasPrefix("-")
    return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
  }

  private enum Kind: String {
    case pyTorch = "a PyTorch file"
    case keras = "a Keras file"
    case numPyArchive = "a NumPy archive (.npz)"
    case numPy = "a NumPy array (.npy)"
    case pickle = "a Python pickle"
    case safetensors = "a safetensors file"
    case onnx = "an ONNX file"
    case netCDF3 = "a netCDF-3 file"
    case zip = "a ZIP archive"

    /// The command that makes a posterior file of it, or what writes a file for that command.
    func importAdvice(_ path: String) -> String {
      let reference = "Docs/import.md"
      switch self {
      case .onnx:
        return
          "`posterior import \(path) --output posterior.h5` makes one of this network, and of a graph for each draw "
          + "where more are named (\(reference))"
      case .safetensors, .numPyArchive, .numPy:
        return "It holds arrays and no network: `posterior import --network net.onnx --draws \(path) --output "
          + "posterior.h5` makes one of a graph and such a file for each draw (\(reference))"
      case .pyTorch, .keras, .pickle:
        return "It holds weights, and no network: export each draw as ONNX in Python, and `posterior import draw*.onnx "
          + "--kind ensemble --output posterior.h5` makes one (\(reference)). `posterior export-python-example "
          + "--framework torch` prints a module that does it"
      case .netCDF3:
        return "Save the InferenceData as netCDF-4, idata.to_netcdf(\"idata.nc\", engine=\"h5netcdf\"), and `posterior "
          + "import --network net.onnx --posterior idata.nc --output posterior.h5` makes one (\(reference))"
      case .zip: return advice
      }
    }

    var advice: String {
      switch self {
      case .pyTorch, .keras, .pickle, .safetensors, .onnx:
        "It holds weights, and nothing about the posterior that they are draws of: load it in Python and write them "
          + "with h5py. `posterior export-python-example` prints a program to begin with; "
          + "Docs/share-a-posterior.md explains it"
      case .numPyArchive, .numPy, .zip:
        "Load it in Python and write it with h5py: draws of weights as Docs/share-a-posterior.md shows "
          + "(`posterior export-python-example` prints a program), examples as the arrays inputs and labels at the root "
          + "of a file, or with numpy.savez under a name that ends in .npz"
      case .netCDF3:
        "It is no HDF5. Write it again as netCDF-4, which is: xarray.open_dataset(FILE).to_netcdf(NEW, "
          + "engine=\"h5netcdf\"), or `nccopy -k nc4 FILE NEW`"
      }
    }
  }

  private static func kind(head: [UInt8], tail: [UInt8], size: UInt64) -> Kind? {
    func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    if begins([0x50, 0x4B, 0x03, 0x04]) || begins([0x50, 0x4B, 0x05, 0x06]) { return archive(head, tail) }
    if begins([0x93] + Array("NUMPY".utf8)) { return .numPy }
    if begins(Array("CDF".utf8)), let version = head.dropFirst(3).first, [1, 2, 5].contains(version) {
      return .netCDF3
    }
    // torch.save before its archives: a pickle of the number 0x1950a86a20f9469cfc6c.
    let legacy: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    if head.first == 0x80, head.dropFirst(2).starts(with: legacy) { return .pyTorch }
    if head.first == 0x80, let protocolNumber = head.dropFirst().first, (2...5).contains(protocolNumber),
      tail.last == 0x2E
    {
      return .pickle
    }
    if isSafetensors(head, size) { return .safetensors }
    return isONNX(head) ? .onnx : nil
  }

  private static func archive(_ head: [UInt8], _ tail: [UInt8]) -> Kind {
    func holds(_ name: String) -> Bool {
      let name = Data(name.utf8)
      return Data(head).range(of: name) != nil || Data(tail).range(of: name) != nil
    }
    if holds("/data.pkl") || holds("/constants.pkl") { return .pyTorch }
    if holds(".npy") { return .numPyArchive }
    if holds("model.weights.h5") { return .keras }
    return .zip
  }

  /// Eight bytes with the length of a header, which is JSON.
  private static func isSafetensors(_ head: [UInt8], _ size: UInt64) -> Bool {
    guard head.count > 9, head[8] == UInt8(ascii: "{") else { return false }
    let length = head.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length >= 2 && length <= 100_000_000 && length <= size - 8
  }

  /// A message of protocol buffers has no mark of its own. This one begins with the version of the format, field 1, and
  /// goes on with another of a model's few fields: names and versions of the producer, the graph, sets of operators.
  private static func isONNX(_ head: [UInt8]) -> Bool {
    guard head.count > 4, head[0] == 0x08, (1...40).contains(head[1]) else { return false }
    let fields: Set<UInt8> = [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42]
    guard fields.contains(head[2]) else { return false }
    // The producer's name, where it comes first, is text.
    guard head[2] == 0x12 || head[2] == 0x1A || head[2] == 0x22 else { return true }
    let length = Int(head[3])
    return length < 0x80 && head.dropFirst(4).prefix(length).allSatisfy { (0x20...0x7E).contains($0) }
      && head.dropFirst(4 + length).first.map(fields.contains) ?? true
  }
}
