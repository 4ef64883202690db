import Crypto
import HDF5

/// The three digests of a file: every item goes into those that its line of the table names.
struct FileDigests {
  private var digests: [FormatDigest: ContentDigest] = [:]

  /// Adds a data set by the SHA-256 of its bytes in C order.
  mutating func add(_ item: FormatItem, path: String, type: String, shape: [Int], sha256: String) {
    for digest in item.digests {
      digests[digest, default: ContentDigest()].add(path: path, type: type, shape: shape, sha256: sha256)
    }
  }

  /// Adds an attribute of a group.
  mutating func add(_ item: FormatItem, _ attribute: HDF5Attribute, of group: String) {
    for digest in item.digests { digests[digest, default: ContentDigest()].add(attribute, of: group) }
  }

  /// One of them, of whatever it covers.
  subscript(digest: FormatDigest) -> String { digests[digest, default: ContentDigest()].sha256 }

  /// In hexadecimal by the name of the attribute, those that cover something.
  var texts: [String: String] {
    Dictionary(uniqueKeysWithValues: digests.map { ($0.key.rawValue, $0.value.sha256) })
  }
}

/// A digest over named items: the SHA-256 of one line per item, sorted by path.
package struct ContentDigest {
  private var lines: [(path: String, line: String)] = []

  /// Adds a data set by the SHA-256 of its bytes in C order.
  mutating func add(path: String, type: String, shape: [Int], sha256: String) {
    let extents = shape.map(String.init).joined(separator: ",")
    lines.append((path, "\(path)\t\(type)\t\(extents)\t\(sha256)\n"))
  }

  /// Adds an attribute of a group.
  mutating func add(_ attribute: HDF5Attribute, of group: String) {
    let path = "\(group)@\(attribute.name)"
    switch attribute.value {
    case .text(let text):
      add(path: path, type: "text", shape: [], sha256: Self.sha256(Array(text.utf8)))
    case .numbers(let element, let bytes):
      add(path: path, type: element.rawValue, shape: attribute.shape ?? [], sha256: Self.sha256(bytes))
    case .unread: break
    }
  }

  /// The digest in hexadecimal.
  var sha256: String {
    // Sorted by bytes, as every language can: Swift's own order of strings follows Unicode's equivalences.
    let text = lines.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }.map(\.line).joined()
    return Self.sha256(Array(text.utf8))
  }

  package static func sha256(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

  static func hexadecimal(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in digest {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
