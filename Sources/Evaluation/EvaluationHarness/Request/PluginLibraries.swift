import ForeignPlugins
package import RobustnessCore
import Shell

extension [any Attack.Type] {
  /// These attacks and those of shared libraries: what `--plugin` names.
  ///
  /// - Throws: `BadDataError` for a library that cannot be loaded, or with an attack whose name is taken.
  package func adding(libraries: [String]) throws -> [any Attack.Type] {
    var all = self
    for path in libraries {
      do {
        let loaded = try PluginLibrary.attacks(inFile: path)
        if let taken = loaded.first(where: { new in all.contains { $0.name.lowercased() == new.name } }) {
          throw CoreError("\(path) has an attack named '\(taken.name)', as another one is: give it another name")
        }
        all += loaded
      } catch let error as CoreError {
        throw BadDataError("--plugin \(error)")
      }
    }
    return all
  }
}
