/// What a sampler recorded for every draw, apart from what was made room for and never written.
///
/// Arrays are allocated before anything is recorded: as zeros, as NaN, or as the number that netCDF fills with. Such
/// numbers are no measurements, so nothing is judged by them; that they are there is said.
package struct RecordedStatistics: Sendable, Hashable {
  /// A statistic that counts as not recorded.
  package struct Absence: Sendable, Hashable {
    /// ArviZ's name of it.
    package var name: String
    /// A clause that continues the name, without a full stop.
    package var sentence: String
  }

  /// What was recorded, by ArviZ's name, chain by chain; names without a meaning here stay as they are.
  package private(set) var values: [String: [Double]]
  /// What was not, sorted by name.
  package private(set) var absences: [Absence] = []

  /// What netCDF fills floating-point variables with: `NC_FILL_FLOAT` and `NC_FILL_DOUBLE` of netcdf.h.
  package static let netCDFFill = 9.969_209_968_386_869e36

  /// Statistics for which zero is no value that a sampler could measure again and again.
  private static let measured = ["acceptance_rate", "energy", "energy_error", "lp", "n_steps", "step_size"]
  /// Those that differ between draws that differ.
  private static let continuous: Set = ["energy", "lp"]

  /// Tells what was recorded from what was not.
  ///
  /// - Parameters:
  ///   - statistics: One number for each draw, chain by chain, by ArviZ's name.
  ///   - chainCount: Number of chains, of equal length.
  package init(_ statistics: [String: [Double]], chainCount: Int) {
    values = statistics
    for name in Self.measured {
      guard let numbers = statistics[name], let sentence = Self.absence(name, numbers, chainCount) else { continue }
      absences.append(Absence(name: name, sentence: sentence))
      values[name] = nil
    }
    // No divergence is good news only from a sampler that recorded something.
    let kept = Self.measured.filter { values[$0] != nil }
    if let diverging = statistics["diverging"], diverging.allSatisfy({ $0 == 0 }), !absences.isEmpty, kept.isEmpty {
      absences.append(
        Absence(name: "diverging", sentence: "is 0 in every draw, as is what else was to be recorded"))
      values["diverging"] = nil
      absences.sort { $0.name < $1.name }
    }
  }

  private static func absence(_ name: String, _ numbers: [Double], _ chainCount: Int) -> String? {
    guard chainCount > 0, !numbers.isEmpty, numbers.count % chainCount == 0 else { return nil }
    let length = numbers.count / chainCount
    if let first = numbers.first, isBlank(first), numbers.allSatisfy({ $0 == first || ($0.isNaN && first.isNaN) }) {
      return "is \(text(first)) in every draw"
    }
    for chain in 0..<chainCount {
      let draws = numbers[chain * length..<(chain + 1) * length]
      guard let last = draws.last, isBlank(last) else { continue }
      let run = draws.reversed().prefix { $0 == last || ($0.isNaN && last.isNaN) }.count
      if run == length { return "is \(text(last)) in every draw of chain \(chain)" }
      // A single draw may lie anywhere.
      if continuous.contains(name), run >= 2 {
        return "is \(text(last)) from draw \(length - run) of chain \(chain) on"
      }
    }
    if let position = numbers.firstIndex(where: isNetCDFFill) {
      return "is \(text(numbers[position])), which netCDF fills with, in draw \(position % length) of chain "
        + "\(position / length)"
    }
    return nil
  }

  private static func isBlank(_ value: Double) -> Bool { value == 0 || value.isNaN || isNetCDFFill(value) }

  private static func isNetCDFFill(_ value: Double) -> Bool {
    value == netCDFFill || value == Double(Float(netCDFFill))
  }

  private static func text(_ value: Double) -> String {
    value.isNaN ? "NaN" : value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
