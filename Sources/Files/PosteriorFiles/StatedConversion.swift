import HDF5

/// The attributes of the CF conventions by which a data set says that its numbers mean something else than themselves.
///
/// Nothing here is applied: numbers mean themselves, and what says otherwise is refused.
struct StatedConversion: Sendable, Hashable {
  /// Numbers that stand for a missing value. NaN is left out, which no weight, input or label may be anyhow.
  var missing: [Double] = []
  /// The number that the library fills with, where no sane value could be it.
  var filler: Double?
  /// The smallest and the largest number that is valid.
  var valid = -Double.infinity...Double.infinity

  /// Whether it says anything.
  var isEmpty: Bool { missing.isEmpty && filler == nil && valid == -Double.infinity...Double.infinity }

  /// Why a stored value does not mean itself; nil when it does.
  func objection(to value: Double) -> String? {
    if missing.contains(where: { $0 == value || Double(Float($0)) == value }) {
      return "which the attribute _FillValue or missing_value declares missing"
    }
    if value == filler { return "the fill value of the data set: this was never written" }
    if value < valid.lowerBound || value > valid.upperBound {
      return "outside its valid_range, \(plain(valid.lowerBound)) to \(plain(valid.upperBound))"
    }
    return nil
  }
}

/// A number as a person writes it: without the fraction of a whole one.
func plain(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}

extension Inspection {
  /// Looks at the conversions that data sets with a meaning declare, and refuses those that change it.
  func checkConversions() {
    for path in structure.items.keys.sorted() {
      guard let role = structure.role(of: path), role != .other, role != .dimension,
        let dataset = structure.datasets[path], let conversion = reportConversion(of: dataset, role)
      else { continue }
      if !conversion.isEmpty { structure.conversions[path] = conversion }
    }
  }

  /// What a data set declares; nil where it is refused, which is reported.
  @discardableResult
  func reportConversion(of dataset: HDF5Dataset, _ role: DatasetRole) -> StatedConversion? {
    do throws(ConversionRefusal) {
      return try StatedConversion(file, dataset, role)
    } catch {
      report(error.place, error.reason, advice: error.advice)
      return nil
    }
  }
}

/// Why a declared conversion is refused.
struct ConversionRefusal: Error {
  let place: String
  let reason: String
  var advice: String?
}

extension StatedConversion {
  /// From this magnitude on a fill value is a mark, as netCDF's 9.97e36 is, and no number that was meant.
  private static let leastFiller = 1e15

  /// Reads what a data set declares, in a posterior file or in a file with examples alone.
  ///
  /// - Throws: Why the declaration changes what the numbers mean.
  init(_ file: HDF5File, _ dataset: HDF5Dataset, _ role: DatasetRole) throws(ConversionRefusal) {
    let path = dataset.path
    filler = Self.filler(dataset, role)
    for (name, neutral) in [("scale_factor", 1.0), ("add_offset", 0.0)] {
      guard let values = try Self.numbers(file, path, name), values != [neutral] else { continue }
      // A byte means its value divided by 255: a packed image that says so says the same.
      if name == "scale_factor", role == .inputs, dataset.type == .number(.uint8), Self.isByteScale(values) { continue }
      throw ConversionRefusal(
        place: "\(path)@\(name)",
        reason:
          "is \(values.map(plain).joined(separator: ", ")): it changes what the numbers mean, and is not applied",
        advice: "Store the numbers themselves, without \(name)")
    }
    for name in ["_FillValue", "missing_value"] {
      missing += (try Self.numbers(file, path, name) ?? []).filter { !$0.isNaN }
    }
    let range = try Self.numbers(file, path, "valid_range") ?? []
    let low = try Self.numbers(file, path, "valid_min")?.first ?? range.first ?? -.infinity
    let high = try Self.numbers(file, path, "valid_max")?.first ?? range.last ?? .infinity
    if low <= high { valid = low...high }
    try Self.checkSign(file, dataset)
  }

  /// Whether a scale is 1/255, in double or in single precision.
  private static func isByteScale(_ values: [Double]) -> Bool {
    values.count == 1 && (values[0] == 1.0 / 255 || values[0] == Double(Float(1.0 / 255)))
  }

  /// The fill value of a data set of weights or inputs, where it is a mark. A zero is looked for in whole draws only,
  /// and statistics that were not recorded refuse no file.
  private static func filler(_ dataset: HDF5Dataset, _ role: DatasetRole) -> Double? {
    guard [.parameter, .shared, .variationalMean, .variationalScale, .inputs].contains(role),
      let bytes = dataset.fillValue,
      case .number(let element) = dataset.type
    else { return nil }
    var filler: Double?
    bytes.withUnsafeBytes { element.forEach(in: $0) { _, value in filler = value } }
    return filler.flatMap { $0.isFinite && abs($0) >= leastFiller ? $0 : nil }
  }

  /// netCDF's `_Unsigned` turns negative numbers into large ones.
  private static func checkSign(_ file: HDF5File, _ dataset: HDF5Dataset) throws(ConversionRefusal) {
    let path = dataset.path
    let stated = try? file.attribute("_Unsigned", of: path)?.text
    guard let stated, case .number(let element) = dataset.type else { return }
    let isUnsigned = element.rawValue.contains("u")
    guard (stated.lowercased() == "true") != isUnsigned, element != .float32, element != .float64 else { return }
    throw ConversionRefusal(
      place: "\(path)@_Unsigned", reason: "is \(stated); the data set holds \(element.rawValue)",
      advice: "Store the numbers in the type that they have, without _Unsigned")
  }

  private static func numbers(
    _ file: HDF5File, _ path: String, _ name: String
  ) throws(ConversionRefusal) -> [Double]? {
    let place = "\(path)@\(name)"
    do throws(HDF5Error) {
      guard let attribute = try file.attribute(name, of: path) else { return nil }
      guard let numbers = attribute.doubles else {
        throw HDF5Error(file: file.path, path: place, reason: "holds \(attribute.type); it needs to hold numbers")
      }
      return numbers
    } catch {
      throw ConversionRefusal(place: place, reason: error.reason)
    }
  }
}
