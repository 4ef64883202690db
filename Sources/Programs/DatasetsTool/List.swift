import ArgumentParser
import Datasets
import Shell

/// `datasets list`
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the data sets and where they are.")

  @OptionGroup var options: FolderOptions

  func run() throws {
    var rows: [(String, String)] = ImageDataset.allCases.map { dataset in
      do throws(DatasetError) {
        return (dataset.rawValue, try options.folders.folder(of: dataset))
      } catch {
        return (dataset.rawValue, "not here; datasets fetch \(dataset.rawValue)")
      }
    }
    rows.append(("half-moons", "generated: 30000 points in the plane, noise 0.1"))
    rows.append(("half-moons-noise-free", "generated: 30000 points on two arcs"))
    rows.append(("FILE.npz", "arrays of NumPy: inputs, labels, or x_train, y_train, x_test, y_test"))
    rows.append(("FILE.csv", "a line for each example, with its label in the column label, else in the last"))
    rows.append(("FOLDER/", "PNG images in a folder for each class, or with labels.csv"))
    rows.append(("FILE.h5", "inputs, labels and optionally test_inputs, test_labels at the root"))
    try printTable(rows)
  }
}

/// Prints two columns.
func printTable(_ rows: [(String, String)]) throws {
  let width = rows.map(\.0.count).max() ?? 0
  let lines = rows.map { name, value in name + String(repeating: " ", count: width - name.count + 2) + value + "\n" }
  try StandardOutput.write(lines.joined())
}
