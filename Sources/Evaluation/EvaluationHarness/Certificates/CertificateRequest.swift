public import RobustnessCore
import Shell

/// One certificate with its options as given.
public struct CertificateRequest: Sendable {
  /// The certificate.
  public var certificate: any RobustnessCertificate.Type
  /// Options that differ from the defaults, by name as on the command line.
  public var assignments: [String: String]

  /// As on the command line: `linear:hidden=intervals`.
  public var text: String { OptionText.text(certificate.name, assignments) }

  /// All options with their values, as results list them.
  public var options: [String: String] {
    func open<C: RobustnessCertificate>(_ type: C.Type) -> [String: String] {
      let options = try? C.Options(assignments: assignments).described()
      return Dictionary((options ?? []).map { ($0.name, $0.value ?? "not set") }) { $1 }
    }
    return open(certificate)
  }

  /// Whether what is certified holds for single precision too.
  var certifiesSinglePrecision: Bool {
    func open<C: RobustnessCertificate>(_ type: C.Type) -> Bool {
      (try? C(try C.Options(assignments: assignments)))?.certifiesSinglePrecision ?? false
    }
    return open(certificate)
  }

  /// A certificate with its options.
  public init(_ certificate: any RobustnessCertificate.Type, assignments: [String: String] = [:]) {
    self.certificate = certificate
    self.assignments = assignments
  }
}

/// A certificate by its name, with its options: what can be written down, before any program says what the name means.
public struct CertificateSpecification: Codable, Hashable, Sendable {
  /// The certificate's name, for instance `linear`.
  public var name: String
  /// Options that differ from the defaults, by name as on the command line.
  public var options: [String: String]

  /// A certificate by its name.
  public init(_ name: String, options: [String: String] = [:]) {
    self.name = name
    self.options = options
  }

  /// Reads `{"name": "linear"}` with or without `options`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    options = try container.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
  }

  /// Reads a certificate as written on the command line, `joint:steps=40`, and checks it.
  ///
  /// - Throws: `UsageError` with what is wrong and what was perhaps meant.
  package init(_ text: String, among certificates: [any RobustnessCertificate.Type]) throws {
    let given = try OptionText(text)
    let certificate = try Self.certificate(named: given.name, among: certificates)
    self.init(certificate.name, options: Dictionary(given.pairs.map { ($0.name, $0.value) }) { $1 })
    try Self.check(options, certificate)
  }

  /// Finds the certificate and checks every option, down to the values.
  ///
  /// - Throws: An error of exit code 64 with what is wrong and what was perhaps meant.
  public func resolve(among certificates: [any RobustnessCertificate.Type]) throws -> CertificateRequest {
    let certificate = try Self.certificate(named: name, among: certificates)
    try Self.check(options, certificate)
    return CertificateRequest(certificate, assignments: options)
  }

  private static func certificate(
    named name: String, among certificates: [any RobustnessCertificate.Type]
  ) throws -> any RobustnessCertificate.Type {
    guard let certificate = certificates.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      let names = certificates.map { $0.name }
      throw UsageError(
        "no certificate named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: "
          + "\(names.joined(separator: ", ")). Details: evaluate --list-certificates")
    }
    return certificate
  }

  private static func check<C: RobustnessCertificate>(_ assignments: [String: String], _ certificate: C.Type) throws {
    let known = try C.Options().described().map(\.name)
    for name in assignments.keys.sorted() where !known.contains(name) {
      let options = known.isEmpty ? "It has none" : "Options: " + known.joined(separator: ", ")
      throw UsageError(
        "\(C.name) has no option '\(name)'.\(Suggestion.didYouMean(name, among: known)) \(options)")
    }
    do {
      _ = try C(C.Options(assignments: assignments))
    } catch {
      throw UsageError("\(C.name): \(error)")
    }
  }
}
