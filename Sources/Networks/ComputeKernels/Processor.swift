#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The processor that this program runs on. Ratios of speed and last bits differ between processors, so every report
/// names it.
public enum Processor {
  /// As the system calls it, for instance "Intel(R) Xeon(R) Platinum 8480+"; "unknown processor" where it does not say.
  public static let name = described() ?? "unknown processor"

  private static func described() -> String? {
    #if canImport(Darwin)
    var size = 0
    guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 1 else { return nil }
    var text = [CChar](repeating: 0, count: size)
    guard sysctlbyname("machdep.cpu.brand_string", &text, &size, nil, 0) == 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #else
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard let colon = text.firstIndex(of: ":") else { continue }
      // x86 says "model name"; some boards with ARM say "Hardware" or "Model".
      let key = text[..<colon].filter { !$0.isWhitespace }
      guard ["modelname", "Hardware", "Model"].contains(key) else { continue }
      let words = text[text.index(after: colon)...].split { $0.isWhitespace }
      if !words.isEmpty { return words.joined(separator: " ") }
    }
    return nil
    #endif
  }
}
