import HDF5

/// One line of the format's table: an attribute, a group or a data set, and everything that is known of it before a
/// file is read.
struct FormatItem: Sendable, Hashable {
  enum Kind: String, Sendable {
    case group
    case attribute
    case dataset = "data set"
  }

  /// What may be stored.
  enum Content: Sendable, Hashable {
    /// One text.
    case text
    /// Numbers in one of these representations.
    case numbers([ElementType])
    /// One text, or numbers in any representation: what a digest can cover.
    case textOrNumbers
    /// Whatever it is. What is neither one text nor numbers is ignored, and no digest covers it.
    case anything
  }

  /// Where it is: `/group`, `/group/name` or `/group@name`. `NAME` stands for what the architecture calls a layer, or a
  /// parameter; `ROLE` for what a parameter is in its layer; `*` for every other name.
  let path: String
  let kind: Kind
  let content: Content
  /// Its axes, outermost first; empty for one value, nil for any.
  var shape: [FormatAxis]?
  /// What its axes may be as well, from the second version on.
  var otherShape: [FormatAxis]?
  /// What a data set means.
  var role: DatasetRole?
  /// Whether it must be there, where what it lies in is there.
  var isRequired = false
  /// The first version of the format that has it. In a file of an earlier one its name means nothing.
  var since = FormatVersion.first
  /// What changes when it does.
  var digests: Set<FormatDigest> = []
  /// Whether a group holds nothing but the data sets of the table.
  var isClosed = false
  /// What `posterior inspect` calls it; nil where it is not shown by itself.
  var label: String?
  /// Continues "is missing; …".
  var absence: String?
  /// What to do where it is missing.
  var advice: String?
  /// What it needs to be, a clause to which the shape is added: `the architecture needs`.
  var needs = "it needs"

  /// What it lies in: `/model` for `/model@architecture`, `/posterior` for `/posterior/chain`.
  var parent: String {
    let end = path.lastIndex(of: kind == .attribute ? "@" : "/") ?? path.startIndex
    return end == path.startIndex ? "/" : String(path[..<end])
  }

  /// Its name there.
  var name: String {
    guard let end = path.lastIndex(of: kind == .attribute ? "@" : "/") else { return path }
    return String(path[path.index(after: end)...])
  }

  /// Whether it stands for every name that has no line of its own.
  var isWildcard: Bool { path.hasSuffix("*") }

  /// The representations of its numbers; empty for texts.
  var elements: [ElementType] {
    switch content {
    case .numbers(let elements): elements
    case .textOrNumbers: ElementType.allCases
    case .text, .anything: []
    }
  }

  /// Whether this line is about what is at a path, by name and not by a wildcard.
  func names(_ path: String) -> Bool {
    guard let place = self.path.firstRange(of: "NAME") else { return self.path == path }
    let (head, tail) = (self.path[..<place.lowerBound], self.path[place.upperBound...])
    guard path.hasPrefix(head), !path.dropFirst(head.count).contains("/") else { return false }
    guard tail == ".ROLE" else { return path.count > head.count + tail.count && path.hasSuffix(tail) }
    // A layer's name may have dots as well.
    let name = path.dropFirst(head.count)
    guard let dot = name.lastIndex(of: ".") else { return false }
    return dot != name.startIndex && name.index(after: dot) != name.endIndex
  }
}

/// One axis of an attribute or a data set.
enum FormatAxis: String, Sendable {
  case chain, draw
  /// One of the labelled inputs.
  case example = "n"
  case `class`
  /// The axes of one draw of a parameter.
  case parameter = "…parameter"
  /// The axes of one input.
  case input = "…input_shape"
  /// The first axis of one input.
  case channel
  /// Low and high.
  case bound = "2"
  /// As long as it is.
  case length = "…"
}

/// A version of the format that added something.
enum FormatVersion: String, Sendable, Comparable, CaseIterable {
  case first = "1.0"
  /// Reference answers, networks that are graphs, parameters that all draws share.
  case second = "1.1"

  static func < (a: FormatVersion, b: FormatVersion) -> Bool { a.minor < b.minor }

  private var minor: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The newest version whose lines a file of format 1 may have.
  ///
  /// - Parameter minor: The number after the first point; 0 where there is none.
  init(minor: Int) { self = Self.allCases[min(max(minor, 0), Self.allCases.count - 1)] }
}

/// The digests of a file, by the attribute of `/` that holds them.
enum FormatDigest: String, Sendable, CaseIterable, Comparable {
  /// Which posterior it is.
  case posterior = "posterior_sha256"
  /// Which evaluation data.
  case data = "data_sha256"
  /// That nothing has changed.
  case content = "content_sha256"

  /// What it covers, for people.
  var covered: String {
    switch self {
    case .posterior: "weights and the model"
    case .data: "evaluation data"
    case .content: "content"
    }
  }

  static func < (a: FormatDigest, b: FormatDigest) -> Bool { a.rawValue < b.rawValue }
}
