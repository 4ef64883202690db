import ForeignPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

/// Files that are no plugins, and plugins that describe themselves wrongly.
@Suite(.inTurn) struct `Libraries that are refused` {
  private func message(_ path: String) -> String {
    do {
      return "loaded \(try PluginLibrary.attacks(inFile: path).count)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `what is no library says so`() throws {
    try withFolder { folder in
      #expect(message(folder.appending(path: "missing.so").path).hasSuffix("missing.so: there is no such file"))
      #expect(message(folder.path).contains("is no file: a plugin is a shared library"))
      for (name, content) in [("empty.so", ""), ("text.so", "no machine code at all"), ("short.so", "\u{7f}ELF")] {
        let file = folder.appending(path: name)
        try content.write(to: file, atomically: true, encoding: .utf8)
        #expect(message(file.path).contains("\(name) is no library that this machine can load: "))
      }
    }
  }

  @Test func `a library without the entry point says so`() throws {
    let library = try CompiledPlugin(source: "int robustness_plugin_entrance(void) { return 1; }\n")
    #expect(message(library.path).contains("is a library without the function robustness_plugin_entry"))
  }

  /// Macros that spoil one thing each.
  static let spoiled: [(macro: String, sentence: String)] = [
    ("ABI=2", "was built for ABI number 2; this program has 1. Build it again"),
    ("ABI=0", "was built for ABI number 0"),
    ("ENTRY=NULL", "returned nothing for ABI number 1"),
    ("ATTACK_SIZE=40", "structs of other sizes (40 and 48 bytes, not 56 and 48)"),
    ("OPTION_SIZE=8", "structs of other sizes (56 and 8 bytes"),
    ("COUNT=0", "lists 0 attacks; a plugin has 1 to 64"),
    ("COUNT=1000", "lists 1000 attacks"),
    ("ATTACKS=NULL", "a plugin has 1 to 64"),
    ("NAME=\"No Good\"", "the name of an attack must be 1 to 64 lower-case letters"),
    ("NAME=\"\"", "the name of an attack must be"),
    ("NAME=NULL", "the name of an attack must be"),
    ("NAME=\"\(String(repeating: "a", count: 65))\"", "the name of an attack must be"),
    ("SUMMARY=\"two\\nlines\"", "the summary of spoiled is not one line"),
    ("SUMMARY=\"\\xff\\xfe\"", "the summary of spoiled is not one line"),
    ("ACCESS=9", "spoiled asks for access 9"),
    ("NORMS=0", "spoiled has norms 0"),
    ("NORMS=8", "spoiled has norms 8"),
    ("CLASSES=-1", "no function perturb, or a negative number of classes"),
    ("PERTURB=NULL", "no function perturb"),
    ("OPTION_COUNT=65", "spoiled lists 65 options"),
    ("OPTIONS=NULL", "spoiled lists 2 options"),
    ("OPTION_NAME=\"norm\"", "the option 'norm' is the program's own"),
    ("OPTION_NAME=\"size\"", "has two options named 'size'"),
    ("KIND=3", "the option steps is of kind 3"),
    ("INITIAL=11", "the option steps has the default 11.0, which does not lie in [0.0, 10.0]"),
    ("INITIAL=2.5", "no whole number where one is asked for"),
    ("INITIAL=(0.0/0.0)", "the option steps has the default"),
    ("HIGH=-1", "the option steps has the default"),
    ("SECOND=\"spoiled\"", "has two attacks named 'spoiled'"),
  ]

  static let source = #"""
    #include <stdint.h>
    #include "robustness_plugin.h"
    #ifndef ABI
    #define ABI ROBUSTNESS_PLUGIN_ABI
    #endif
    #ifndef ENTRY
    #define ENTRY &plugin
    #endif
    #ifndef ATTACK_SIZE
    #define ATTACK_SIZE sizeof(robustness_attack)
    #endif
    #ifndef OPTION_SIZE
    #define OPTION_SIZE sizeof(robustness_option)
    #endif
    #ifndef COUNT
    #define COUNT 2
    #endif
    #ifndef ATTACKS
    #define ATTACKS attacks
    #endif
    #ifndef NAME
    #define NAME "spoiled"
    #endif
    #ifndef SECOND
    #define SECOND "second"
    #endif
    #ifndef SUMMARY
    #define SUMMARY "does nothing"
    #endif
    #ifndef ACCESS
    #define ACCESS ROBUSTNESS_ACCESS_NONE
    #endif
    #ifndef NORMS
    #define NORMS ROBUSTNESS_NORM_L2
    #endif
    #ifndef CLASSES
    #define CLASSES 2
    #endif
    #ifndef PERTURB
    #define PERTURB perturb
    #endif
    #ifndef OPTION_COUNT
    #define OPTION_COUNT 2
    #endif
    #ifndef OPTIONS
    #define OPTIONS options
    #endif
    #ifndef OPTION_NAME
    #define OPTION_NAME "steps"
    #endif
    #ifndef KIND
    #define KIND ROBUSTNESS_INTEGER
    #endif
    #ifndef INITIAL
    #define INITIAL 3
    #endif
    #ifndef HIGH
    #define HIGH 10
    #endif
    int32_t perturb(const robustness_problem *problem, double *points, char *message, size_t size) {
      (void)problem, (void)points, (void)message, (void)size;
      return ROBUSTNESS_OK;
    }
    const robustness_option options[] = {
        {OPTION_NAME, "number of steps", KIND, INITIAL, 0, HIGH}, {"size", NULL, ROBUSTNESS_REAL, 0.5, 0, 1}};
    const robustness_attack attacks[] = {
        {NAME, SUMMARY, ACCESS, NORMS, 0, CLASSES, OPTION_COUNT, OPTIONS, PERTURB},
        {SECOND, NULL, ROBUSTNESS_ACCESS_NONE, ROBUSTNESS_NORM_LINF, 0, 2, 0, NULL, perturb}};
    const robustness_plugin plugin = {ABI, ATTACK_SIZE, OPTION_SIZE, COUNT, ATTACKS};
    const robustness_plugin *robustness_plugin_entry(uint32_t abi) { (void)abi; return ENTRY; }
    """#

  @Test func `sound, it is loaded`() throws {
    let library = try CompiledPlugin(source: Self.source)
    let attacks = try PluginLibrary.attacks(inFile: library.path)
    #expect(attacks.map { $0.name } == ["spoiled", "second"])
    #expect(attacks.map { $0.summary } == ["does nothing", ""])
    #expect(attacks.map { $0.capabilities.norms } == [[.l2], [.linf]])
    #expect(attacks.map { $0.capabilities.access } == [.none, .none])
  }

  @Test(arguments: spoiled.indices) func `spoiled, it says what is wrong`(_ index: Int) throws {
    let (macro, sentence) = Self.spoiled[index]
    let library = try CompiledPlugin(source: Self.source, definitions: [macro])
    let message = message(library.path)
    #expect(message.contains(sentence), "-D\(macro): \(message)")
    #expect(message.hasPrefix(library.path))
  }
}
