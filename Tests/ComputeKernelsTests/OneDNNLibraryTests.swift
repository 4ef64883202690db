import Foundation
import TestSupport
import Testing

@testable import ComputeKernels

/// Which library is opened as oneDNN, and what is said of one that cannot be.
@Suite(.inTurn) struct `The library of oneDNN` {
  /// A library that calls itself oneDNN of this version and has nothing else.
  /// - Parameter runtime: what shares out its work, in oneDNN's numbers.
  static func stub(_ name: String, _ version: (Int, Int, Int), runtime: Int = 2, in folder: URL) throws -> String {
    try library(
      name,
      """
      typedef struct { int major, minor, patch; const char *hash; unsigned processor, accelerator; } version;
      const version *dnnl_version(void) {
        static const version v = {\(version.0), \(version.1), \(version.2), "", \(runtime), 0};
        return &v;
      }
      """, in: folder)
  }

  static func library(_ name: String, _ source: String, in folder: URL) throws -> String {
    let code = folder.appending(path: "\(name).c")
    try source.write(to: code, atomically: true, encoding: .utf8)
    let path = folder.appending(path: name).path
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = [
      ProcessInfo.processInfo.environment["CC"] ?? "cc", "-shared", "-fPIC", "-o", path, code.path,
    ]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
    return path
  }

  /// The sentence for a library that `ROBUSTNESS_ONEDNN` names; nil when it can be used.
  static func fault(_ name: String) -> String? {
    do throws(OneDNNLibrary.Fault) {
      try OneDNNLibrary(named: name).open(keeps: false)
      return nil
    } catch {
      return error.sentence
    }
  }

  static func expect(_ fault: String?, says words: String...) {
    for word in ["ROBUSTNESS_ONEDNN=", "or unset the variable"] + words {
      #expect(fault?.contains(word) == true, "\(fault ?? "no fault") lacks \(word)")
    }
  }

  @Test func `a path where nothing is`() {
    Self.expect(Self.fault("/nowhere/libdnnl.so.3"), says: "=/nowhere/libdnnl.so.3: there is no such file or folder")
  }

  @Test func `a folder without it`() throws {
    try withFolder { folder in
      Self.expect(Self.fault(folder.path), says: "=\(folder.path): the folder holds no libdnnl")
    }
  }

  @Test func `a file that is no library`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "libdnnl.so.3").path
      try "text".write(toFile: path, atomically: true, encoding: .utf8)
      Self.expect(Self.fault(path), says: "libdnnl.so.3 cannot be opened: ")
    }
  }

  @Test func `another library`() throws {
    try withFolder { folder in
      let path = try Self.library("libother.so", "int other(void) { return 1; }", in: folder)
      Self.expect(Self.fault(path), says: "libother.so is not oneDNN")
    }
  }

  @Test(arguments: [(1, 9, 9), (2, 5, 4), (4, 0, 0)])
  func `a version that is not known`(version: (Int, Int, Int)) throws {
    try withFolder { folder in
      let path = try Self.stub("libdnnl.so", version, in: folder)
      Self.expect(Self.fault(path), says: "is oneDNN \(version.0).\(version.1).\(version.2), and known here are 2.x")
    }
  }

  @Test(arguments: [(2, 6, 3), (3, 13, 2)])
  func `a version without a function`(version: (Int, Int, Int)) throws {
    try withFolder { folder in
      let path = try Self.stub("libdnnl.so", version, in: folder)
      Self.expect(Self.fault(path), says: "\(version.0).\(version.1).\(version.2) without the function dnnl_")
    }
  }

  /// `pip install onednn` is such a library: every product would run on threads that nobody limits.
  @Test(arguments: [(4, "TBB"), (8, "a thread pool"), (512, "SYCL"), (2, "an OpenMP that is hidden in it")])
  func `one that shares out its own work`(runtime: Int, name: String) throws {
    // All functions are there, and the runtime alone decides.
    try withFolder { folder in
      let path = try Self.library("libdnnl.so.3", Self.complete(runtime: runtime), in: folder)
      Self.expect(Self.fault(path), says: "is oneDNN 3.2.0 built for \(name)", "built for OpenMP")
    }
  }

  @Test func `one that runs in sequence will do`() throws {
    try withFolder { folder in
      let path = try Self.library("libdnnl.so.3", Self.complete(runtime: 1), in: folder)
      #expect(Self.fault(path) == nil)
    }
  }

  /// Every function that version 3 is asked for, by name.
  private static func complete(runtime: Int) -> String {
    let names = """
      status2str get_effective_cpu_isa engine_create stream_create stream_destroy stream_wait memory_create
      memory_destroy memory_desc_get_size memory_desc_equal primitive_create primitive_destroy primitive_execute
      primitive_desc_destroy primitive_desc_query primitive_desc_query_md primitive_attr_create primitive_attr_destroy
      primitive_attr_set_scratchpad_mode primitive_attr_set_post_ops post_ops_create post_ops_destroy
      post_ops_append_binary reorder_primitive_desc_create memory_desc_create_with_tag memory_desc_clone
      memory_desc_destroy memory_desc_query post_ops_append_sum post_ops_append_eltwise matmul_primitive_desc_create
      convolution_forward_primitive_desc_create convolution_backward_data_primitive_desc_create
      convolution_backward_weights_primitive_desc_create pooling_forward_primitive_desc_create
      pooling_backward_primitive_desc_create eltwise_forward_primitive_desc_create binary_primitive_desc_create
      """
    return """
      typedef struct { int major, minor, patch; const char *hash; unsigned processor, accelerator; } version;
      const version *dnnl_version(void) { static const version v = {3, 2, 0, "", \(runtime), 0}; return &v; }
      """ + names.split { $0.isWhitespace }.map { "int dnnl_\($0)(void) { return 1; }\n" }.joined()
  }

  #if os(Linux)
  @Test func `the newest that the loader finds goes first`() throws {
    let library = try OneDNNLibrary(named: nil)
    #expect(library.candidates == ["libdnnl.so.3", "libdnnl.so.2"])
  }

  @Test func `the newest in a folder is the one that is meant`() throws {
    try withFolder { folder in
      let folder = folder.resolvingSymlinksInPath()
      _ = try Self.stub("libdnnl.so.2", (2, 6, 3), in: folder)
      let newest = try Self.stub("libdnnl.so.3", (3, 2, 0), in: folder)
      let library = try OneDNNLibrary(named: folder.path)
      #expect(library.candidates == [newest])
    }
  }
  #endif

  /// What was named is used or refused, never replaced by what the loader finds.
  @Test(.enabled(if: OneDNNLibrary.named != nil && KernelLibrary.preferred == .oneDNN, "no library is named"))
  func `the kernels are those of the library that is named`() throws {
    let library = try OneDNNLibrary(named: OneDNNLibrary.named)
    let major = try #require(library.candidates.first?.firstMatch(of: /libdnnl\.(?:so\.)?([0-9])/)?.1)
    #expect(KernelLibrary.preferredDescription.hasPrefix("oneDNN \(major)."))
  }
}
