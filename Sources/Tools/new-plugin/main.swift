// What `swift package new-attack`, `new-metric` and `new-sampler` run: `new-plugin KIND PACKAGE NAME`.
import Foundation
import PluginScaffold

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  exit(64)
}

let words = Array(CommandLine.arguments.dropFirst())
guard words.count >= 2, let kind = PluginKind(rawValue: words[0]) else {
  fail("new-plugin is run by swift package new-attack, new-metric and new-sampler")
}
let usage = "swift package new-\(kind.rawValue) NAME, where NAME is a Swift type, for instance Mine"
switch words.dropFirst(2).first {
case "--help", "-h":
  print("usage: \(usage)")
case .some(let name) where words.count == 3:
  do {
    print(try Scaffold(kind, named: name, in: URL(filePath: words[1])).make(), terminator: "")
  } catch {
    fail("\(error)")
  }
default:
  fail("usage: \(usage)")
}
