public import RobustnessCore

extension Leaderboard {
  /// What one certificate proved in one ball.
  public struct CertificateRow: Sendable {
    /// The certificate, as it was asked for.
    public var certificate: String
    /// The laboratories that report exactly this, sorted.
    public var laboratories: [String]
    /// Its radii.
    public var run: BenchmarkCertificate.Run
    /// Fraction certified in the ball.
    public var certified: Estimate
    /// Examples that are neither certified nor fooled by any attack that counts.
    public var undecided: Int
    /// Examples that are certified, and that an attack is said to have fooled in the ball, by their number from 0.
    public var fooled: [Int]
    /// The attack that is said to have fooled the first of them.
    public var fooledBy: String?
    /// Whether it is true.
    public var standing: Standing
    /// Whether its proofs take part: nothing contradicts them, and they are confirmed, unless nothing on the leaderboard
    /// is.
    public var counts: Bool
  }

  /// How far one certificate proved the examples of one posterior.
  public struct RadiiRow: Sendable {
    /// The certificate, as it was asked for.
    public var certificate: String
    /// The laboratories that report exactly this, sorted.
    public var laboratories: [String]
    /// The norm.
    public var norm: Norm
    /// The largest ε at which half of all examples are certified; 0 where there is none.
    public var halfCertified: Double
    /// The largest ε that was looked at.
    public var largest: Double
    /// Whether it is true.
    public var standing: Standing
    /// Whether it counts.
    public var counts: Bool
  }

  static func radii(_ certificates: [JudgedCertificate], onlyConfirmed: Bool) -> [RadiiRow] {
    var rows: [(run: BenchmarkCertificate.Run, row: RadiiRow)] = []
    for judged in certificates {
      for run in judged.certificate.runs {
        let same = rows.firstIndex {
          $0.run == run && $0.row.certificate == judged.certificate.request && $0.row.standing == judged.standing
        }
        if let same {
          rows[same].row.laboratories =
            Set(rows[same].row.laboratories + [judged.certificate.laboratory]).sorted()
        } else {
          let sorted = run.radii.sorted(by: >)
          rows.append(
            (
              run,
              RadiiRow(
                certificate: judged.certificate.request, laboratories: [judged.certificate.laboratory], norm: run.norm,
                halfCertified: sorted[(sorted.count - 1) / 2], largest: run.epsilons.last ?? 0,
                standing: judged.standing, counts: judged.standing.counts(onlyConfirmed: onlyConfirmed))
            ))
        }
      }
    }
    let order = Norm.allCases
    return rows.map(\.row).sorted {
      (order.firstIndex(of: $0.norm)!, $0.counts ? 0 : 1, -$0.halfCertified, $0.certificate)
        < (order.firstIndex(of: $1.norm)!, $1.counts ? 0 : 1, -$1.halfCertified, $1.certificate)
    }
  }
}

extension Leaderboard.Ball {
  /// Puts what certificates proved beside what attacks left.
  ///
  /// Where nothing has been judged again, a certificate and an attack that disagree about an example void the
  /// certificate: one of them is not what it says. A certificate that is confirmed was compared with every point in
  /// double precision; what an attack fools in single precision alone is then not counted as proven.
  mutating func add(_ certificates: [JudgedCertificate], onlyConfirmed: Bool) {
    let attacks = rows.filter(\.counts)
    let stands = attacks.map { row in row.run.correct.map { $0 == "1" } }
    var proven: [Bool] = []
    for judged in certificates {
      guard let run = judged.certificate.runs.first(where: { $0.norm == norm }) else { continue }
      var isCertified = run.isCertified(at: epsilon)
      func fool(_ example: Int) -> Int? { stands.firstIndex { example < $0.count && !$0[example] } }
      let fooled = isCertified.indices.filter { isCertified[$0] && fool($0) != nil }
      for example in fooled { isCertified[example] = false }
      let counts =
        judged.standing.counts(onlyConfirmed: onlyConfirmed) && (fooled.isEmpty || judged.standing.isConfirmed)
      if counts {
        proven = proven.isEmpty ? isCertified : zip(proven, isCertified).map { $0 || $1 }
      }
      let row = Leaderboard.CertificateRow(
        certificate: judged.certificate.request, laboratories: [judged.certificate.laboratory], run: run,
        certified: .proportion(isCertified.count { $0 }, of: isCertified.count),
        undecided: isCertified.indices.count { !isCertified[$0] && fool($0) == nil }, fooled: fooled,
        fooledBy: fooled.first.flatMap(fool).map { attacks[$0].attack.request }, standing: judged.standing,
        counts: counts)
      let same = self.certificates.firstIndex {
        $0.certificate == row.certificate && $0.run == run && $0.standing == row.standing
      }
      if let same {
        self.certificates[same].laboratories =
          Set(self.certificates[same].laboratories + row.laboratories).sorted()
      } else {
        self.certificates.append(row)
      }
    }
    self.certificates.sort {
      ($0.counts ? 0 : 1, -$0.certified.value, $0.certificate, $0.laboratories.joined(separator: ","))
        < ($1.counts ? 0 : 1, -$1.certified.value, $1.certificate, $1.laboratories.joined(separator: ","))
    }
    certified = proven.isEmpty ? nil : .proportion(proven.count { $0 }, of: proven.count)
  }
}

extension Leaderboard.CertificateRow {
  /// Whether it can be held against attacks, in a few words.
  public var verdict: String {
    if case .contradicted(let reason) = standing { return "not true: \(reason)" }
    let many =
      fooled.count == 1 ? "example \(fooled[0]) is" : "\(fooled.count) examples, \(fooled.first ?? 0) first, are"
    if !fooled.isEmpty, !standing.isConfirmed {
      return "disputed: \(many) certified and said to be fooled, by \(fooledBy ?? "an attack")"
    }
    let words =
      switch standing {
      case .confirmed(.everything): "proven"
      case .confirmed(.number): "proven again on some examples"
      case .unconfirmed, .contradicted: "claimed"
      }
    return words + (fooled.isEmpty ? "" : "; \(many) fooled in single precision alone, and not counted")
  }
}
