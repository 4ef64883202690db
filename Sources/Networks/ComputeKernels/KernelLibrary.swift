internal import COneDNN

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Where the kernels come from.
public enum KernelLibrary: Sendable, Hashable, CaseIterable {
  /// oneDNN, opened when the program runs; fast.
  case oneDNN
  /// The package's own loops in C: always there, and the reference that oneDNN is tested against.
  case portable

  /// What to use when nothing else is asked for: oneDNN when it is available, unless the environment variable
  /// `ROBUSTNESS_KERNELS` is `portable` or `onednn`. `ROBUSTNESS_ONEDNN` names the library of oneDNN, or its folder;
  /// without it the newest version that the loader finds is opened. With `onednn` forced, or a library named, that
  /// cannot be used, the first kernel made throws.
  public static var preferred: KernelLibrary {
    forced ?? (isOneDNNAvailable || OneDNNLibrary.named != nil ? .oneDNN : .portable)
  }

  /// Why the library that `ROBUSTNESS_ONEDNN` names cannot be used, in a sentence that says what to do; nil when it can,
  /// when none is named, and when the portable kernels are forced. A program that asks first can refuse it as any other
  /// wrong input.
  public static var namedLibraryFault: String? {
    OneDNNLibrary.named == nil || forced == .portable ? nil : oneDNNUnavailableReason
  }

  /// What `preferred` is, for a report: "oneDNN 2.6.3 (AVX-512, native bfloat16)".
  public static var preferredDescription: String {
    guard let value = requested, forced == nil else { return description }
    return "\(description); \(variable)=\(value) is not understood: it is portable or onednn"
  }

  private static var description: String {
    if preferred == .oneDNN {
      guard isOneDNNAvailable else { return "oneDNN, asked for but unavailable: \(oneDNNUnavailableReason ?? "")" }
      var major: Int32 = 0, minor: Int32 = 0, patch: Int32 = 0
      cdnn_version(&major, &minor, &patch)
      let instructions = String(cString: cdnn_instruction_set())
      return "oneDNN \(major).\(minor).\(patch) (\(instructions)\(hasNativeBFloat16 ? ", native bfloat16" : ""))"
    }
    return forced == .portable
      ? "portable kernels, slow: forced by \(variable)"
      : "portable kernels, slow: install libdnnl-dev (apt) or onednn (brew)"
  }

  /// Whether `Precision.bfloat16` can be used: the processor multiplies it natively and oneDNN is there. (oneDNN's
  /// emulation, which is slower than float32, is never used.)
  public static var hasNativeBFloat16: Bool { isOneDNNAvailable && cdnn_has_native_bfloat16() }

  /// Whether oneDNN was found and opened.
  public static var isOneDNNAvailable: Bool { OneDNNLibrary.fault == nil }

  /// Why oneDNN cannot be used, in a sentence; nil when it can.
  public static var oneDNNUnavailableReason: String? { OneDNNLibrary.fault }

  /// Whether `ROBUSTNESS_KERNELS` is one of its values, or not set: `preferredDescription` says what is wrong with it.
  public static var isRequestUnderstood: Bool { requested == nil || forced != nil }

  /// Threads that oneDNN would use for a call from this thread, after the limit that every kernel sets: 1.
  static var oneDNNThreadLimit: Int { isOneDNNAvailable ? Int(cdnn_one_thread()) : 0 }

  private static let variable = "ROBUSTNESS_KERNELS"

  /// The variable's value; set to nothing is as good as not set.
  private static let requested: String? = getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

  private static let forced: KernelLibrary? =
    switch requested?.lowercased() {
    case "portable": .portable
    case "onednn": .oneDNN
    default: nil
    }
}

extension KernelLibrary {
  /// The library that will serve a kernel whose operands have this precision.
  /// - Throws: `KernelError` when there is none.
  func serving(_ precision: Precision, for kernel: String) throws -> KernelLibrary {
    switch (self, precision) {
    case (_, .float64), (.portable, .float32):
      return .portable
    case (.portable, .bfloat16):
      throw KernelError("\(kernel) in bfloat16 needs oneDNN; the portable kernels compute in float32 and float64")
    case (.oneDNN, _):
      if let reason = Self.oneDNNUnavailableReason { throw KernelError("\(kernel) needs oneDNN, but \(reason)") }
      guard precision != .bfloat16 || Self.hasNativeBFloat16 else {
        throw KernelError(
          "\(kernel) in bfloat16 needs a processor with native bfloat16 products (AVX-512 BF16); use float32 here")
      }
      return .oneDNN
    }
  }
}
