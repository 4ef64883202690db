import Foundation
import Shell

/// A figure as a gnuplot script that holds its data, in the style that all figures here share.
///
/// One script draws two files: `gnuplot NAME.gp` the SVG, `gnuplot -e "format='png'" NAME.gp` the PNG.
struct Figure: Sendable {
  /// Okabe and Ito's palette (2008), which readers with any of the common colour deficiencies can tell apart.
  enum Colour: String, Sendable, CaseIterable {
    case blue = "#0072B2"
    case vermilion = "#D55E00"
    case green = "#009E73"
    case orange = "#E69F00"
    case sky = "#56B4E9"
    case purple = "#CC79A7"
    case black = "#000000"
    case yellow = "#F0E442"

    /// A colour for the n-th series.
    static func series(_ index: Int) -> Colour { allCases[index % allCases.count] }
  }

  /// Name of the files, without extension.
  var name: String
  /// Size in pixels.
  var width = 900
  /// Size in pixels.
  var height = 540
  /// Commands that draw; data are named with ``block(_:_:)``.
  private(set) var body: [String] = []
  private var blocks: [String] = []

  init(name: String, width: Int = 900, height: Int = 540) {
    self.name = name
    self.width = width
    self.height = height
  }

  /// Adds a block of data, and returns what `plot` calls it.
  mutating func block(_ rows: [[Double]]) -> String {
    block(text: rows.map { $0.map(Self.number).joined(separator: " ") })
  }

  /// Adds a block of data of lines as they are.
  mutating func block(text lines: [String]) -> String {
    let name = "$data\(blocks.count + 1)"
    blocks.append("\(name) << EOD\n" + lines.map { $0 + "\n" }.joined() + "EOD\n")
    return name
  }

  /// Adds commands.
  mutating func add(_ lines: String...) { body += lines }

  /// A legend in one line above all panels: gnuplot's own is never wider than one panel.
  ///
  /// - Parameters:
  ///   - entries: Text, colour, and gnuplot's point type.
  ///   - height: Where, as a fraction of the figure's height.
  mutating func addLegend(_ entries: [(text: String, colour: Colour, point: Int)], at height: Double = 0.965) {
    let letters = entries.map { Double($0.text.count) * 7 + 45 }
    var x = (Double(width) - letters.reduce(0, +)) / 2 + 15
    for (index, entry) in entries.enumerated() {
      add(
        "set label \(900 + index) \(Self.quoted(entry.text)) at screen \(Self.number(x / Double(width))),\(height) left offset 1.2,0 point pointtype \(entry.point) pointsize 1 linecolor rgb \"\(entry.colour.rawValue)\" font \",10\""
      )
      x += letters[index]
    }
  }

  /// Keeps the legend from being drawn over and over in further panels.
  mutating func removeLegend() { for index in 900..<912 { add("unset label \(index)") } }

  /// A number as gnuplot reads it; NaN leaves a gap.
  static func number(_ value: Double) -> String { value.isFinite ? String(format: "%.6g", value) : "NaN" }

  /// A text in quotes.
  static func quoted(_ text: String) -> String { "\"" + text.replacing("\"", with: "'") + "\"" }

  /// The script.
  var script: String {
    """
    # Draws \(name).svg; with  gnuplot -e "format='png'" \(name).gp  \(name).png
    if (!exists("format")) format = "svg"
    if (format eq "png") {
      set terminal pngcairo size \(width),\(height) font "DejaVu Sans,11" background "#ffffff"
      set output "\(name).png"
    } else {
      set terminal svg size \(width),\(height) font "DejaVu Sans,11" background "#ffffff"
      set output "\(name).svg"
    }
    set encoding utf8
    set border 3 linecolor rgb "#444444"
    set tics nomirror textcolor rgb "#222222"
    set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
    set key font ",10" spacing 1.1
    set style fill solid 0.8 noborder
    set bars small

    """ + blocks.joined() + body.map { $0 + "\n" }.joined()
  }

  /// Writes the script, and draws it where gnuplot is installed.
  ///
  /// - Returns: Nil, or a sentence about why there is no picture.
  func write(to folder: String) throws -> String? {
    try ResultFile.write(script, to: "\(folder)/\(name).gp")
    guard let gnuplot = Self.gnuplot else {
      return "gnuplot is not installed: the script and the data are there, the pictures are not"
    }
    for format in ["svg", "png"] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: gnuplot)
      process.arguments = ["-e", "format='\(format)'", "\(name).gp"]
      process.currentDirectoryURL = URL(fileURLWithPath: folder)
      let errors = Pipe()
      process.standardError = errors
      try process.run()
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        let reason =
          text.split(separator: "\n").first { !$0.allSatisfy { $0 == " " || $0 == "^" } } ?? "no reason given"
        return "gnuplot could not draw \(name).gp: \(reason)"
      }
    }
    return nil
  }

  /// The path of gnuplot; nil where it is not installed.
  static var gnuplot: String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/gnuplot" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
