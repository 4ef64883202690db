import HDF5
import NeuralNetworks

/// The table of format 1: every attribute, group and data set, each once.
///
/// Checking, reading, writing, the digests and `posterior inspect` take from it what they need to know, and a test
/// compares it with the tables of `Docs/file-format.md`. What has no line here can be neither read nor written: to name
/// it is a mistake of this program, which ends it (``named(_:)``), so that nothing is left unchecked because a place
/// was forgotten.
enum FormatSchema {
  static let items: [FormatItem] =
    root + model + posterior + shared + statistics + variational + evaluation + reference + rest

  // MARK: - The table

  private static let root: [FormatItem] = [
    .text("/@format", isRequired: true, advice: "A posterior file has format = bnn-posterior"),
    .text("/@format_version", isRequired: true, advice: "This program reads format 1"),
    .text("/@title", label: "title"),
    .text("/@creation_library", label: "written by"),
    .text("/@creation_library_version", label: "written by"),
    .text("/@created_at", label: "created at"),
    .text("/@inference_library", label: "inference library"),
    .text("/@posterior_sha256"),
    .text("/@data_sha256"),
    .text("/@content_sha256"),
  ]

  private static let model: [FormatItem] = [
    .group("/model", isRequired: true),
    .text(
      "/model@architecture", isRequired: true, digests: [.posterior, .content],
      advice: "It describes the network as JSON"),
    FormatItem(
      path: "/model@input_bounds", kind: .attribute, content: .numbers(ElementType.allCases), shape: [.bound],
      otherShape: [.channel, .bound], isRequired: true, digests: [.posterior, .content], advice: "It holds [low, high]",
      needs: "it needs two numbers"),
    .further("/model@*", .textOrNumbers),
  ]

  private static let weights: [ElementType] = [.float32, .float64]

  private static let posterior: [FormatItem] =
    [
      .group("/posterior", isRequired: true, isClosed: true),
      .dataset(
        "/posterior/NAME.ROLE", weights, [.chain, .draw, .parameter], .parameter, isRequired: true,
        digests: [.posterior, .content], needs: "the architecture needs"),
    ] + dimensions(of: "/posterior")

  private static let shared: [FormatItem] = since(
    .second,
    [
      .group("/shared", isClosed: true),
      .dataset(
        "/shared/NAME.ROLE", weights, [.parameter], .shared, digests: [.posterior, .content],
        needs: "the architecture needs"),
      .dataset("/shared/*", ElementType.allCases, [.length], .dimension),
    ])

  private static let perDraw = "it needs (chain, draw),"

  private static let statistics: [FormatItem] =
    [.group("/sample_stats", isClosed: true)]
    + ["lp", "energy", "acceptance_rate", "step_size", "n_steps", "energy_error"].map {
      .dataset("/sample_stats/\($0)", ElementType.littleEndian, [.chain, .draw], .statistic, needs: perDraw)
    } + [
      .dataset("/sample_stats/diverging", [.uint8, .int8], [.chain, .draw], .statistic, needs: perDraw),
      // Not where the truth values are h5py's own.
      .text("/sample_stats/diverging@dtype", isRequired: true, absence: "booleans have dtype = bool"),
      .dataset("/sample_stats/*", ElementType.littleEndian, [.chain, .draw], .statistic, needs: perDraw),
    ] + dimensions(of: "/sample_stats")

  private static let variational: [FormatItem] =
    [.group("/variational", isClosed: true)]
    + [("mean", DatasetRole.variationalMean), ("scale", .variationalScale)].map { name, role in
      .dataset(
        "/variational/NAME.\(name)", weights, [.parameter], role, isRequired: true,
        absence: "every parameter needs a mean and a scale", needs: "the architecture needs")
    } + dimensions(of: "/variational")

  private static let inputs: [ElementType] = [.uint8, .float32, .float64]

  private static let evaluation: [FormatItem] = [
    .group("/evaluation_data"),
    .dataset(
      "/evaluation_data/inputs", inputs, [.example, .input], .inputs, isRequired: true, digests: [.data, .content],
      absence: "evaluation data are inputs and labels", needs: "the architecture needs"),
    .dataset(
      "/evaluation_data/labels", ElementType.integers, [.example], .labels, isRequired: true,
      digests: [.data, .content], absence: "evaluation data are inputs and labels",
      needs: "it needs one label per input,"),
  ]

  private static let precisions = AnswerPrecision.allCases.map(\.rawValue).joined(separator: ", ")

  private static let reference: [FormatItem] = since(
    .second,
    [
      .group("/reference"),
      .dataset(
        "/reference/inputs", inputs, [.example, .input], .referenceInputs, isRequired: true,
        absence: "answers are to inputs", needs: "the architecture needs"),
      .dataset(
        "/reference/logits", weights, [.chain, .draw, .example, .class], .referenceAnswers,
        needs: "it needs (chain, draw, n, class):"),
      .dataset(
        "/reference/log_predictive", weights, [.example, .class], .referenceAnswers, needs: "it needs (n, class):"),
      .text(
        "/reference@precision", isRequired: true, digests: [.content],
        advice: "It says how the answers were computed, as one of \(precisions)"),
      .text("/reference@logits_are", digests: [.content]),
      .text("/reference@software", digests: [.content]),
      .further("/reference@*", .textOrNumbers),
    ])

  private static let rest: [FormatItem] =
    [.group("/provenance"), .text("/provenance@kind", digests: [.content])]
    + since(.second, [.text("/provenance@exactness", digests: [.content])])
    + [
      .further("/provenance@*", .anything),
      .dataset("/*", ElementType.allCases, nil, .other),
    ]

  /// The same lines, of a later version than the first.
  private static func since(_ version: FormatVersion, _ items: [FormatItem]) -> [FormatItem] {
    items.map { item in
      var item = item
      item.since = version
      return item
    }
  }

  /// In a group that xarray opens, every axis may have a dimension scale.
  private static func dimensions(of group: String) -> [FormatItem] {
    [
      .dataset("\(group)/chain", ElementType.littleEndian, [.chain], .coordinate, needs: "the weights need"),
      .dataset("\(group)/draw", ElementType.littleEndian, [.draw], .coordinate, needs: "the weights need"),
      .dataset("\(group)/*", ElementType.allCases, [.length], .dimension),
    ]
  }
}

// MARK: - Looking up

extension FormatSchema {
  /// The line of what this program knows by name.
  ///
  /// A path without a line is a mistake of the program and ends it: what nobody checks must not be read or written.
  static func named(_ path: String) -> FormatItem {
    guard let item = items.first(where: { $0.names(path) }) else {
      preconditionFailure("\(path) has no line in FormatSchema, and so can be neither read nor written")
    }
    return item
  }

  /// The line of whatever a file may hold, wildcards included; nil for an attribute that means nothing.
  ///
  /// - Parameter role: What a data set without a line of its own means in its group, where it could mean two things.
  static func item(_ path: String, _ kind: FormatItem.Kind, role: DatasetRole? = nil) -> FormatItem? {
    let candidates = items.filter { $0.kind == kind && (role == nil || $0.role == role) }
    return candidates.first { $0.names(path) }
      ?? candidates.first { $0.isWildcard && $0.path.dropLast() == parent(of: path, kind) }
      ?? candidates.first { $0.isWildcard && kind == .dataset && $0.parent == "/" }
  }

  private static func parent(of path: String, _ kind: FormatItem.Kind) -> Substring {
    // The name of an attribute may have the character too.
    path[...((kind == .attribute ? path.firstIndex(of: "@") : path.lastIndex(of: "/")) ?? path.startIndex)]
  }

  /// The attributes of a group or a data set that the format knows, in the order of the table.
  static func attributes(of object: String) -> [FormatItem] {
    items.filter { $0.kind == .attribute && $0.parent == object && !$0.isWildcard }
  }

  /// The groups, in the order of the table.
  static let groups = items.filter { $0.kind == .group }

  /// The names of statistics that the format gives a meaning.
  static let statisticNames = Set(items.filter { $0.role == .statistic && !$0.isWildcard }.map(\.name))
}

// MARK: - Short ways to write a line

extension FormatItem {
  fileprivate static func group(_ path: String, isRequired: Bool = false, isClosed: Bool = false) -> FormatItem {
    FormatItem(path: path, kind: .group, content: .anything, isRequired: isRequired, isClosed: isClosed)
  }

  fileprivate static func text(
    _ path: String, isRequired: Bool = false, digests: Set<FormatDigest> = [], label: String? = nil,
    absence: String? = nil, advice: String? = nil
  ) -> FormatItem {
    FormatItem(
      path: path, kind: .attribute, content: .text, shape: [], isRequired: isRequired, digests: digests, label: label,
      absence: absence, advice: advice)
  }

  /// Attributes of a group that the format does not know, and keeps.
  fileprivate static func further(_ path: String, _ content: Content) -> FormatItem {
    FormatItem(path: path, kind: .attribute, content: content, digests: [.content])
  }

  fileprivate static func dataset(
    _ path: String, _ elements: [ElementType], _ shape: [FormatAxis]?, _ role: DatasetRole, isRequired: Bool = false,
    digests: Set<FormatDigest> = [.content], absence: String? = nil, needs: String = "it needs"
  ) -> FormatItem {
    FormatItem(
      path: path, kind: .dataset, content: .numbers(elements), shape: shape, role: role, isRequired: isRequired,
      digests: digests, absence: absence, needs: needs)
  }
}
