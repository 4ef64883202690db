import Foundation
import PackagePlugin

/// `swift package new-metric NAME`: runs the tool `new-plugin`, which does the work and says what it did.
@main struct NewMetric: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    let process = Process()
    process.executableURL = try context.tool(named: "new-plugin").url
    process.arguments = ["metric", context.package.directoryURL.path] + arguments
    try process.run()
    process.waitUntilExit()
    // The tool has said what is wrong.
    if process.terminationStatus != 0 { exit(process.terminationStatus) }
  }
}
