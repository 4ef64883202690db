import Datasets
import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// PNG images in folders.
@Suite(.inTurn) struct `A folder of images` {
  /// The six images by class: labels 0, 0, 1, 1, 2, 2.
  private static let byClass = [
    "cat/a.png": "colour-0", "cat/b.png": "colour-3", "dog/a.PNG": "colour-1", "dog/b.png": "colour-4",
    "owl/a.png": "colour-2", "owl/b.png": "colour-5",
  ]

  private static let inOrder = [0, 3, 1, 4, 2, 5].flatMap { SixImages.levels($0) }

  private func refuses(
    _ path: String, for expected: ExpectedInputs? = SixImages.expected, _ beginning: String
  ) throws {
    let refusal = try SixImages.refusal(path, for: expected)
    #expect(refusal.hasPrefix(beginning), "\(refusal)")
  }

  @Test func `has a class for each folder in the order of their names`() throws {
    try SixImages.folder(Self.byClass) { path in
      let (data, statement) = try SixImages.read(path, probe: ProbeCommand(executable: Program.datasets.executable))
      #expect(data.inputs == .bytes(Self.inOrder))
      #expect(data.inputShape == SixImages.shape && data.labels == [0, 0, 1, 1, 2, 2])
      #expect(statement == "classes by folder: 0 cat, 1 dog, 2 owl")
    }
  }

  @Test func `may list its images instead`() throws {
    try SixImages.folder(["a.png": "colour-1", "deep/b.png": "colour-0", "c.png": "colour-2"]) { path in
      let table = URL(filePath: path).appending(path: "labels.csv")
      try Data("file,label\ndeep/b.png,2\na.png,0\n".utf8).write(to: table)
      let (data, statement) = try SixImages.read(path)
      #expect(data.inputs == .bytes(SixImages.levels(0) + SixImages.levels(1)) && data.labels == [2, 0])
      #expect(statement == "those that labels.csv lists")
      for (text, sentence) in [
        ("a.png,0\n../x.png,1\n", "line 2 names '../x.png', which is no file below the folder."),
        ("a.png,0\n/etc/x.png,1\n", "line 2 names '/etc/x.png', which is no file below the folder."),
        ("a.png,0\na.png,1\n", "line 2 names a.png a second time."),
        ("a.png,cat\n", "line 1, column 2 holds 'cat', which is no whole number from 0"),
        ("a.png,0,1\n", "line 1 has 3 columns; it needs two, file and label."),
        ("file,label\n", "lists no image."),
        ("missing.png,0\n", "missing.png cannot be opened: No such file or directory."),
        ("a.png,3\n", "a.png has the label 3: labels lie outside the 3 classes, 0 to 2."),
      ] {
        try Data(text.utf8).write(to: table)
        let refusal = try SixImages.refusal(path)
        #expect(refusal.hasPrefix(sentence), "\(refusal)")
      }
    }
  }

  @Test(arguments: ["colour-0", "interlaced", "opaque", "gamma", "palette"])
  func `has the levels that are stored, however they are stored`(_ image: String) throws {
    try SixImages.folder(["0/a.png": image, "1/a.png": "colour-1"], empty: ["2"]) { path in
      let (data, _) = try SixImages.read(path)
      #expect(data.inputs == .bytes(SixImages.levels(0) + SixImages.levels(1)))
    }
  }

  @Test(arguments: [1, 2, 4, 8]) func `has one channel where the images are grey, of any number of bits`(
    bits: Int
  ) throws {
    let name = bits == 8 ? "grey" : "grey-\(bits)"
    try SixImages.folder(["0/a.png": name, "1/a.png": name], empty: ["2"]) { path in
      let expected = ExpectedInputs(inputShape: [1, 5, 6], inputBounds: 0...1, classCount: 3)
      let (data, _) = try SixImages.read(path, for: expected)
      // The highest level is 255 with any number of bits.
      let largest = 255 >> (8 - bits)
      let levels = SixImages.levels(0).prefix(30).map { UInt8(Int($0) >> (8 - bits) * (255 / largest)) }
      #expect(data.inputs == .bytes(levels + levels))
    }
  }

  @Test(arguments: [
    ("transparent", "1/b.png has transparent pixels"), ("palette-transparent", "1/b.png has transparent pixels"),
    ("grey-transparent", "1/b.png is grey with 5 × 6 pixels; 0/a.png is in colour with 5 × 6 pixels."),
    ("deep", "1/b.png has 16 bits for each level"), ("damaged", "1/b.png is damaged: libpng says"),
    ("too-few-rows", "1/b.png is damaged: libpng says"), ("grey", "1/b.png is grey"),
  ]) func `with an image that cannot be meant is refused`(_ image: String, sentence: String) throws {
    try SixImages.folder(["0/a.png": "colour-0", "1/b.png": image, "2/a.png": "colour-2"]) { path in
      let refusal = try SixImages.refusal(path)
      #expect(refusal.hasPrefix(sentence), "\(refusal)")
      // The checking process says the same.
      let error = try #require(throws: PosteriorFileError.self) {
        try SixImages.read(path, probe: ProbeCommand(executable: Program.datasets.executable))
      }
      #expect(error.description.hasSuffix(refusal))
    }
  }

  @Test func `with a transparent colour in grey images is refused`() throws {
    try SixImages.folder(["0/a.png": "grey-transparent", "1/a.png": "grey"]) { path in
      try refuses(path, for: nil, "0/a.png has transparent pixels")
    }
  }

  @Test func `whose classes could be others is refused`() throws {
    let images = { (names: [String]) in Dictionary(uniqueKeysWithValues: names.map { ("\($0)/a.png", "colour-0") }) }
    try SixImages.folder(images(["cat", "dog"])) { path in
      try refuses(path, "has 2 classes; the network has 3.")
    }
    // As torchvision orders them, 10 comes before 2.
    try SixImages.folder(images((0...10).map(String.init))) { path in
      try refuses(path, "10 would be class 2, since folders are numbered in the order")
    }
    try SixImages.folder(images((0...10).map { $0 < 10 ? "0\($0)" : "\($0)" })) { path in
      let (data, _) = try SixImages.read(path, for: nil)
      #expect(data.labels == Array(0...10))
    }
    try SixImages.folder(images(["3", "7"])) { path in
      try refuses(path, "3 would be class 0")
    }
    try SixImages.folder(images(["cat"])) { path in
      try refuses(path, "cat is the only folder of a class.")
    }
    try SixImages.folder(["a.png": "colour-0"]) { path in
      try refuses(path, "a.png has no label. Put the images into a folder for each class")
    }
    try SixImages.folder(["cat/a.png": "colour-0", "dog/x/b.png": "colour-1"]) { path in
      try refuses(path, "dog/x is a folder inside that of a class.")
    }
    try SixImages.folder(["cat/a.png": "colour-0", "dog/b.jpg": "colour-1"]) { path in
      try refuses(path, "dog/b.jpg is no PNG image, and no other kind is read.")
    }
    try SixImages.folder([:], empty: ["cat", "dog"]) { path in
      try refuses(path, "is a folder, without PNG images in it.")
    }
  }

  @Test func `named as PNG without being one is refused`() throws {
    try SixImages.folder(["cat/a.png": "colour-0"], empty: ["dog"]) { path in
      try Data("GIF89a".utf8).write(to: URL(filePath: path).appending(path: "dog/b.png"))
      try refuses(path, for: nil, "dog/b.png is no PNG image.")
    }
  }

  @Test func `may set images apart to test on`() throws {
    let parts = [
      "train/cat/a.png": "colour-0", "train/dog/b.png": "colour-1", "test/cat/a.png": "colour-2",
      "test/dog/b.png": "colour-3",
    ]
    try SixImages.folder(parts) { path in
      let dataset = try Dataset(file: path, probe: ProbeCommand(executable: Program.datasets.executable))
      #expect(dataset.train.inputs == .bytes(SixImages.levels(0) + SixImages.levels(1)))
      #expect(dataset.test?.inputs == .bytes(SixImages.levels(2) + SixImages.levels(3)))
      #expect(dataset.classCount == 2 && dataset.inputBounds == 0...1 && dataset.inputShape == SixImages.shape)
      let two = ExpectedInputs(inputShape: SixImages.shape, inputBounds: 0...1, classCount: 2)
      #expect(try SixImages.read(path, for: two).data.inputs == .bytes(SixImages.levels(2) + SixImages.levels(3)))
    }
    try SixImages.folder(parts.merging(["test/owl/c.png": "colour-4"]) { $1 }) { path in
      try refuses(path, for: nil, "test has other folders of classes than train.")
    }
  }

  #if os(Linux)
  /// A file of the library's name that is none hides it, as if it were not installed.
  @Test func `is refused where libpng is missing, with the sentence that says what to install`() throws {
    try SixImages.folder(Self.byClass) { path in
      try withFolder { folder in
        try Data("no library".utf8).write(to: folder.appending(path: "libpng16.so.16"))
        let hidden = ["LD_LIBRARY_PATH": folder.path]
        let run = try Program.datasets.run(["info", path], environment: hidden)
        #expect(run.code == 65)
        #expect(
          run.errors
            == "error: \(path): cannot be read here: the library libpng16.so.16 was not found. Install libpng, with "
            + "apt-get install libpng-dev or brew install libpng, or store the images in a .npz file.\n")
        // Everything else works.
        let other = try Program.datasets.run(["info", SixImages.path("bytes.npz")], environment: hidden)
        #expect(other.code == 0 && other.output.contains("\ntrain          6 examples, 2 of each class\n"))
      }
    }
  }
  #endif

  @Test func `is refused by a network of other bounds`() throws {
    try SixImages.folder(Self.byClass) { path in
      let expected = ExpectedInputs(inputShape: SixImages.shape, inputBounds: -1...1, classCount: 3)
      try refuses(path, for: expected, "holds images, whose levels are bytes, which mean values from 0 to 1")
    }
  }

  /// Every byte of every image turned over, one at a time: refused, since each chunk has a checksum, or the same levels.
  @Test(arguments: ["colour-0", "interlaced", "palette", "gamma"])
  func `with a damaged image is refused, or has its levels`(_ image: String) throws {
    let valid = [UInt8](try Data(contentsOf: Fixtures.url("examples/png/\(image).png")))
    try SixImages.folder(["0/a.png": image, "1/a.png": "colour-1"], empty: ["2"]) { path in
      var refused = 0
      for position in valid.indices {
        for mask: UInt8 in [1, 0x20, 0xFF] {
          var bytes = valid
          bytes[position] ^= mask
          try Data(bytes).write(to: URL(filePath: path).appending(path: "0/a.png"))
          do {
            let (data, _) = try SixImages.read(path)
            #expect(data.inputs == .bytes(SixImages.levels(0) + SixImages.levels(1)), "byte \(position) ^ \(mask)")
          } catch is PosteriorFileError {
            refused += 1
          }
        }
      }
      #expect(refused > valid.count)
      for count in 0..<valid.count {
        try Data(valid.prefix(count)).write(to: URL(filePath: path).appending(path: "0/a.png"))
        #expect(throws: PosteriorFileError.self, "cut after \(count) bytes") { try SixImages.read(path) }
      }
    }
  }
}
