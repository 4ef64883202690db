/// The checks of one run, each made only when what it needs has not failed.
struct CheckSuite: Sendable {
  private(set) var checks: [Check] = []

  init(_ checks: [Check] = []) { self.checks = checks }

  /// Makes a check unless something that it needs has failed; one of the same name is put in its place, unless that
  /// has failed itself: what is wrong with the ensemble outranks what the run says about itself.
  mutating func add(_ check: VerdictCheck, _ make: () throws -> Check?) rethrows {
    if let broken = check.needs.first(where: hasFailed) {
      put(Check(check.name, .notRun, finding: "not run, since \(broken) failed"))
    } else if let made = try make() {
      put(made)
    }
  }

  private mutating func put(_ check: Check) {
    guard let index = checks.firstIndex(where: { $0.name == check.name }) else { return checks.append(check) }
    if checks[index].status != .failed { checks[index] = check }
  }

  private func hasFailed(_ name: String) -> Bool { checks.contains { $0.name == name && $0.status == .failed } }
}
