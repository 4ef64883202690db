import Foundation
import RobustnessCore

extension Table1 {
  static let versions = ["authors' code", "paper's text", "strongest"]
  /// A row that says whether more steps would have changed the strongest version.
  static let halfTheSteps = "strongest with half the steps"
  /// The row of the portfolio.
  static let standard = (attack: "standard", version: "portfolio")

  /// A cell beside another one of the same posterior and ε, on the images that were attacked in the first.
  private func paired(_ cell: Cell, with attack: String, _ version: String, _ cells: [Cell]) -> PairedComparison? {
    let other = cells.first {
      $0.posterior == cell.posterior && $0.epsilon == cell.epsilon && $0.attack == attack && $0.version == version
    }
    guard let other else { return nil }
    return PairedComparison(
      cell.correct, cell.images.map { images in images.map { other.correct[$0] } } ?? other.correct)
  }

  private func besideRandom(_ cell: Cell, _ cells: [Cell]) -> PairedComparison? {
    cell.attack == "random" ? nil : paired(cell, with: "random", "random", cells)
  }

  /// Table, figure and sentences from the cells.
  func result(_ cells: [Cell], _ clean: [String: [Bool]], _ context: ExperimentContext) throws -> ExperimentResult {
    var table = ResultTable([
      .init("posterior", "data set and method"),
      .init(
        "attack",
        "`none`, `random` (a random sign for every pixel), `fgsm`, `pgd`, `standard` (the portfolio of `evaluate`), or `all` of them together"
      ),
      .init("version", "whose arithmetic and objective (below)"),
      .init("epsilon", "radius in L∞, in units of the pixels' range 0…1"),
      .init("value", "adversarial accuracy: fraction of the images decided as their label"),
      .init("low", "lower end of its 95 % Wilson interval"), .init("high", "upper end"), .init("n", "number of images"),
      .init(
        "minus_random",
        "accuracy minus that under random signs, on the same images; negative where the attack is the stronger one"),
      .init("minus_random_low", "lower end of its paired 95 % interval"), .init("minus_random_high", "upper end"),
      .init("mcnemar_p", "exact two-sided p-value of McNemar's test against random signs"),
      .init("zero_gradients", "fraction of the images whose first gradient is exactly zero"),
    ])
    let number = ResultTable.number
    for spec in posteriors {
      guard let correct = clean[spec.name] else { continue }
      let estimate = Estimate.proportion(correct.count { $0 }, of: correct.count)
      table.append(
        [spec.name, "none", "clean", "0", number(estimate.value), number(estimate.low), number(estimate.high)]
          + ["\(correct.count)", "", "", "", "", ""])
    }
    for cell in cells {
      let estimate = Estimate.proportion(cell.correct.count { $0 }, of: cell.correct.count)
      let paired = besideRandom(cell, cells)
      table.append(
        [
          cell.posterior, cell.attack, cell.version, "\(cell.epsilon)", number(estimate.value), number(estimate.low),
          number(estimate.high), "\(cell.correct.count)", number(paired?.difference), number(paired?.low),
          number(paired?.high), number(paired?.pValue), number(cell.zeroGradients),
        ])
    }
    let carrying = Set(try posteriors.filter { try context.carriesVerdict($0) }.map(\.name))
    let (judgement, verdict) = judge(cells, carrying: carrying)
    return ExperimentResult(
      table: table, figure: figure(cells, clean),
      ran: """
        \(images.reduction) \(exampleCount) test images, evenly spaced; \(drawCount) draws, the same for attack and judgement (white box); pixels stay in [0, 1]; true labels.

        Three versions of every attack:

        - **authors' code**: the gradient of cross-entropy applied to mean *probabilities* (softmax twice), in plain single precision; PGD with steps of 2/max(image), from the image, the last point returned, 15 of them as in the text (the code has 40). This is the code since August 2022; for two years before, HMC was attacked through the mean of the logits, and which version made the table is not known.
        - **paper's text**: the gradient of the expected loss, Eq. (2), in the log domain; PGD with 15 steps of 2.5·ε/15 from one random start, the best point kept.
        - **strongest**: for every image the worst of \(objectives.map { "`\($0.rawValue)`" }.joined(separator: ", ")); PGD with \(convergedSteps) steps of 2.5·ε/\(convergedSteps) from one random start, the best point kept. Whether that many are enough is seen from the same with half of them.

        **`standard`** is what `evaluate --attack standard` runs: a portfolio that goes from attack to attack on the images that still stand, with momentum, adaptive steps, each class by itself, straight-through gradients and scores alone, in the log domain, on the same draws. \(standardImages)

        *All together*: an image survives that none of these attacks fools. Each of them alone says too much of a network, since a point that fools it is there whoever finds it.

        ε is missing from the text that this work is based on. 0.1 is what it is recalled to be, 0.3 the default of FGSM in the authors' code (0.5 that of PGD); the first two were run.
        """,
      paper: publishedTable, outcome: outcomeTable(cells, clean), judgement: judgement,
      claim:
        "Random signs are as strong as FGSM and PGD: vanishing gradients make gradient attacks ineffective (Table 1).",
      verdict: verdict, quantities: try quantities(cells, context))
  }

  private var publishedTable: String {
    "Adversarial accuracy of 500 images, 250 draws, one version, no intervals:\n\n"
      + Markdown.table(
        ["posterior", "random", "FGSM", "PGD"],
        Self.published.map { row in
          [row.posterior] + [row.random, row.fgsm, row.pgd].map { String(format: "%.3f", $0) }
        })
      + "\nWith 500 images the standard error of each number is 1 to 2 points; only MNIST/HMC and Fashion/VI differ from random by more than chance could make."
  }

  private func outcomeTable(_ cells: [Cell], _ clean: [String: [Bool]]) -> String {
    var text = ""
    for epsilon in epsilons {
      let header =
        ["posterior", "clean", "random"] + Self.versions.flatMap { ["FGSM, \($0)", "PGD, \($0)"] } + [
          "PGD, \(Self.halfTheSteps)", "`standard`\(standardCount < exampleCount ? ", \(standardCount) images" : "")",
          "all together",
        ]
      let rows = posteriors.map { spec -> [String] in
        func value(_ attack: String, _ version: String) -> String {
          guard
            let cell = cells.first(where: {
              $0.posterior == spec.name && $0.epsilon == epsilon && $0.attack == attack && $0.version == version
            })
          else { return "–" }
          let estimate = Estimate.proportion(cell.correct.count { $0 }, of: cell.correct.count)
          let mark = besideRandom(cell, cells).map { $0.low > 0 ? " ▲" : $0.high < 0 ? " ▼" : "" } ?? ""
          return String(format: "%.3f [%.3f, %.3f]", estimate.value, estimate.low ?? .nan, estimate.high ?? .nan) + mark
        }
        let correct = clean[spec.name] ?? []
        return [spec.name, String(format: "%.3f", Double(correct.count { $0 }) / Double(max(1, correct.count)))]
          + [value("random", "random")] + Self.versions.flatMap { [value("fgsm", $0), value("pgd", $0)] } + [
            value("pgd", Self.halfTheSteps), value(Self.standard.attack, Self.standard.version),
            value("all", "together"),
          ]
      }
      text += "ε = \(epsilon):\n\n" + Markdown.table(header, rows) + "\n"
    }
    return text
      + "▼: fewer images survive than under random signs, ▲: more do, by the paired 95 % interval. Square brackets: 95 % Wilson intervals."
  }

  /// The claim stands where neither FGSM as the paper's text has it, with one try as random signs have one, nor PGD of
  /// the text or of the strongest version beats random signs; it falls where all do. The sentence counts all
  /// posteriors, the verdict those that may carry one.
  func judge(_ cells: [Cell], carrying names: Set<String>) -> (String, ExperimentResult.Verdict) {
    func comparisons(_ version: String, _ attack: String) -> [(posterior: String, pair: PairedComparison)] {
      cells.filter { $0.version == version && $0.attack == attack }.compactMap { cell in
        besideRandom(cell, cells).map { (cell.posterior, $0) }
      }
    }
    let authors = comparisons("authors' code", "pgd")
    let text = comparisons("paper's text", "pgd")
    let strong = comparisons("strongest", "pgd")
    let single = comparisons("paper's text", "fgsm")
    func phrase(_ comparisons: [(posterior: String, pair: PairedComparison)]) -> String {
      let weaker = comparisons.count { $0.pair.low > 0 }
      return "\(comparisons.count { $0.pair.high < 0 }) of \(comparisons.count) times stronger than random signs"
        + (weaker > 0 ? " and \(weaker) times weaker" : "")
    }
    func surviving(_ attack: String, _ version: String) -> String {
      let chosen = cells.filter { $0.attack == attack && $0.version == version && $0.epsilon == epsilons[0] }
      let shares = chosen.map { Double($0.correct.count { $0 }) / Double($0.correct.count) }
      return String(format: "%.0f to %.0f %%", 100 * (shares.min() ?? .nan), 100 * (shares.max() ?? .nan))
    }
    let sentence =
      "PGD is \(phrase(authors)) with the authors' arithmetic, \(phrase(text)) as the paper's text has it, and \(phrase(strong)) in its strongest version, which leaves \(surviving("pgd", "strongest")) of the images at ε = \(epsilons[0]); all attacks together leave \(surviving("all", "together")).\(standardSentence(cells)) FGSM, with one try like random signs, is \(phrase(single)) as the text has it."
    let evidence = (single + text + strong).filter { names.contains($0.posterior) }
      .map { $0.pair.high < 0 ? Evidence.contradicts : .supports }
    return (sentence, .init(evidence, isComplete: names.isSuperset(of: cells.map(\.posterior))))
  }

  private var standardImages: String {
    standardCount < exampleCount
      ? "It takes hundreds of gradients for an image that stands, so that it runs on \(standardCount) of the images, evenly spaced; its comparison with random signs is on these, and an image that it was not run on counts as one that it does not fool."
      : "It runs on all of the images."
  }

  /// What the portfolio finds beyond the strongest PGD, on the same images; nothing where it was not run.
  func standardSentence(_ cells: [Cell]) -> String {
    let portfolio = cells.filter { $0.attack == Self.standard.attack }
    let pairs = portfolio.compactMap { paired($0, with: "pgd", "strongest", cells) }
    guard !pairs.isEmpty else { return "" }
    let shares = portfolio.filter { $0.epsilon == epsilons[0] }.map {
      Double($0.correct.count { $0 }) / Double($0.correct.count)
    }
    let beyond = pairs.count { $0.high < 0 }
    return String(
      format:
        " The portfolio `standard` leaves %.0f to %.0f %%: beyond doubt fewer than the strongest PGD %d of %d times%@.",
      100 * (shares.min() ?? .nan), 100 * (shares.max() ?? .nan), beyond, pairs.count,
      pairs.contains { $0.low > 0 } ? " and more \(pairs.count { $0.low > 0 }) times" : "")
  }

  private func figure(_ cells: [Cell], _ clean: [String: [Bool]]) -> Figure {
    var figure = Figure(name: Self.name, width: 980, height: 640)
    let series: [(attack: String, version: String, title: String, colour: Figure.Colour)] = [
      ("none", "clean", "clean", .black), ("random", "random", "random signs", .sky),
      ("fgsm", "authors' code", "FGSM, authors' code", .orange),
      ("pgd", "authors' code", "PGD, authors' code", .vermilion),
      ("fgsm", "paper's text", "FGSM, paper's text", .purple), ("pgd", "paper's text", "PGD, paper's text", .blue),
      ("pgd", "strongest", "PGD, strongest", .green),
      (Self.standard.attack, Self.standard.version, "standard", .yellow),
    ]
    let ticks = posteriors.enumerated().map { "\(Figure.quoted($1.name)) \($0)" }.joined(separator: ", ")
    figure.add(
      "set multiplot layout 2,1 margins 0.08,0.98,0.06,0.86 spacing 0,0.14", "set yrange [0:1.05]",
      "set ylabel \"adversarial accuracy\"", "set xrange [-0.5:\(Double(posteriors.count) - 0.5)]",
      "set xtics (\(ticks))", "set boxwidth 0.095")
    for (index, epsilon) in epsilons.enumerated() {
      figure.add(
        "set title \"ε = \(epsilon) (L∞, pixels in [0, 1]); lines: 95 % intervals\" offset 0,-0.5",
        index == 0 ? "set key at screen 0.53,0.995 center top horizontal maxrows 2 width -1 samplen 2" : "unset key")
      var plots: [String] = []
      for (position, one) in series.enumerated() {
        let shift = 0.108 * (Double(position) - Double(series.count - 1) / 2)
        let block = figure.block(
          posteriors.enumerated().map { x, spec in
            let correct =
              one.attack == "none"
              ? clean[spec.name]
              : cells.first {
                $0.posterior == spec.name && $0.epsilon == epsilon && $0.attack == one.attack
                  && $0.version == one.version
              }?.correct
            let estimate = Estimate.proportion((correct ?? []).count { $0 }, of: (correct ?? []).count)
            return [Double(x) + shift, estimate.value, estimate.low ?? .nan, estimate.high ?? .nan]
          })
        plots.append("\(block) using 1:2 with boxes linecolor rgb \"\(one.colour.rawValue)\" title \"\(one.title)\"")
        // Error bars would draw a white disc over the bar.
        plots.append(
          "\(block) using 1:3:(0):($4-$3) with vectors nohead dashtype 1 linewidth 1.5 linecolor rgb \"#333333\" notitle"
        )
      }
      figure.add("plot " + plots.joined(separator: ", \\\n  "))
    }
    figure.add("unset multiplot")
    return figure
  }

  private func quantities(_ cells: [Cell], _ context: ExperimentContext) throws -> [Quantity] {
    var result = try posteriors.flatMap { try context.quantities($0, Self.name) }
    for cell in cells {
      let p = Double(cell.correct.count { $0 }) / Double(cell.correct.count)
      let error = max(0.01, (p * (1 - p) / Double(cell.correct.count)).squareRoot())
      result.append(
        Quantity("\(Self.name)/\(cell.posterior)/\(cell.attack) \(cell.version) \(cell.epsilon)", p, error: error))
    }
    return result
  }
}
