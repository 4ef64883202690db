import CRobustnessPlugin
import Foundation
public import RobustnessCore

/// A shared library whose attacks are written in another language, with the interface of `robustness_plugin.h`.
///
/// Its code runs inside the program with all the program's rights: load only what you would run.
public enum PluginLibrary {
  /// The attacks of a library, ready for `Evaluate` beside those in Swift. The library stays loaded until the process
  /// ends.
  ///
  /// - Parameter path: A file; relative to the working folder, never searched for among the system's libraries.
  /// - Throws: `CoreError` when there is no such file, when it is no library of this machine, when it has no entry
  ///   point or that of another ABI number, or when an attack or an option is described wrongly.
  public static func attacks(inFile path: String) throws -> [any Attack.Type] {
    let entry = try entryPoint(path)
    guard let plugin = entry(UInt32(ROBUSTNESS_PLUGIN_ABI)) else {
      throw CoreError("\(path) cannot serve this program: it returned nothing for ABI number \(ROBUSTNESS_PLUGIN_ABI)")
    }
    // The first member of every version: the others are read only where it fits.
    guard plugin.pointee.abi == ROBUSTNESS_PLUGIN_ABI else {
      throw CoreError(
        "\(path) was built for ABI number \(plugin.pointee.abi); this program has \(ROBUSTNESS_PLUGIN_ABI). Build it again with the robustness_plugin.h of this version"
      )
    }
    guard Int(plugin.pointee.attack_size) == MemoryLayout<robustness_attack>.stride,
      Int(plugin.pointee.option_size) == MemoryLayout<robustness_option>.stride
    else {
      throw CoreError(
        "\(path) was compiled with structs of other sizes (\(plugin.pointee.attack_size) and \(plugin.pointee.option_size) bytes, not \(MemoryLayout<robustness_attack>.stride) and \(MemoryLayout<robustness_option>.stride)). Compile it with the robustness_plugin.h of this version, for this machine"
      )
    }
    let count = Int(plugin.pointee.attack_count)
    guard (1...64).contains(count), let attacks = plugin.pointee.attacks else {
      throw CoreError("\(path) lists \(count) attacks; a plugin has 1 to 64")
    }
    let described = try UnsafeBufferPointer(start: attacks, count: count).map {
      try ForeignAttackDescription($0, library: path)
    }
    if let twice = Dictionary(grouping: described, by: \.name).first(where: { $1.count > 1 })?.key {
      throw CoreError("\(path) has two attacks named '\(twice)'")
    }
    return LoadedAttacks.add(described)
  }

  private typealias EntryPoint = @convention(c) (UInt32) -> UnsafePointer<robustness_plugin>?

  private static func entryPoint(_ path: String) throws -> EntryPoint {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CoreError("\(path): there is no such file")
    }
    let type = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)[.type]
    guard !isFolder.boolValue, type as? FileAttributeType == .typeRegular else {
      throw CoreError("\(path) is no file: a plugin is a shared library (.so, .dylib)")
    }
    // A name without a slash would be searched for in other places.
    guard let handle = dlopen(URL(fileURLWithPath: path).path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "no reason is given"
      throw CoreError("\(path) is no library that this machine can load: \(reason)")
    }
    guard let symbol = dlsym(handle, "robustness_plugin_entry") else {
      dlclose(handle)
      throw CoreError(
        "\(path) is a library without the function robustness_plugin_entry, so it is no plugin; robustness_plugin.h declares it"
      )
    }
    return unsafeBitCast(symbol, to: EntryPoint.self)
  }
}
