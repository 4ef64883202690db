extension ForeignArray {
  /// The values in single precision; float64 is rounded to the nearest. Infinities and NaN stay what they are.
  ///
  /// - Throws: ``ArrayFileError`` when a finite number is beyond single precision, a whole number is none of its
  ///   numbers, or the file is damaged.
  public func floats() throws(ArrayFileError) -> [Float] {
    switch element {
    case .float64:
      return try values(UInt64.self) { bits in
        let value = Double(bitPattern: bits)
        let rounded = Float(value)
        return rounded.isInfinite && value.isFinite ? nil : rounded
      } orElse: {
        "\(Double(bitPattern: $0)), which is beyond single precision"
      }
    case .float32:
      return try values(UInt32.self) {
        Float(bitPattern: $0)
      } orElse: { _ in
        ""
      }
    case .float16:
      return try values(UInt16.self) {
        Self.float(half: $0)
      } orElse: { _ in
        ""
      }
    case .bfloat16:
      return try values(UInt16.self) {
        Float(bitPattern: UInt32($0) << 16)
      } orElse: { _ in
        ""
      }
    default: return try wholeNumbers(Float.init(exactly:), Float.init(exactly:), as: "single precision")
    }
  }

  /// The values in double precision. Infinities and NaN stay what they are.
  ///
  /// - Throws: ``ArrayFileError`` when a whole number is no number of double precision, or the file is damaged.
  public func doubles() throws(ArrayFileError) -> [Double] {
    switch element {
    case .float64:
      return try values(UInt64.self) {
        Double(bitPattern: $0)
      } orElse: { _ in
        ""
      }
    case .float32, .float16, .bfloat16: return try floats().map(Double.init)
    default: return try wholeNumbers(Double.init(exactly:), Double.init(exactly:), as: "double precision")
    }
  }

  /// The values as whole numbers; truth values are 0 and 1.
  ///
  /// - Throws: ``ArrayFileError`` when the file holds floating-point numbers, one beyond 2⁶³ − 1, or is damaged.
  public func integers() throws(ArrayFileError) -> [Int64] {
    guard element.isWhole else {
      throw error("holds \(element.rawValue); it needs to hold whole numbers", advice: "In numpy: .astype(\"int64\")")
    }
    return try wholeNumbers(Int64.init(exactly:), Int64.init(exactly:), as: "64 bits with a sign")
  }

  /// The values of an array of bytes, as they are.
  ///
  /// - Throws: ``ArrayFileError`` when it is none, or the file is damaged.
  public func byteValues() throws(ArrayFileError) -> [UInt8] {
    guard element == .uint8 else { throw error("holds \(element.rawValue); it needs to hold bytes (uint8)") }
    return try values(UInt8.self) {
      $0
    } orElse: { _ in
      ""
    }
  }

  private func wholeNumbers<T>(
    _ signed: (Int64) -> T?, _ unsigned: (UInt64) -> T?, as target: String
  ) throws(ArrayFileError) -> [T] {
    let refused = "which \(target) cannot hold"
    switch element {
    case .bool:
      return try values(UInt8.self) {
        $0 > 1 ? nil : unsigned(UInt64($0))
      } orElse: {
        "\($0), which is no truth value"
      }
    case .int8:
      return try values(UInt8.self) {
        signed(Int64(Int8(bitPattern: $0)))
      } orElse: { _ in
        ""
      }
    case .uint8:
      return try values(UInt8.self) {
        unsigned(UInt64($0))
      } orElse: { _ in
        ""
      }
    case .int16:
      return try values(UInt16.self) {
        signed(Int64(Int16(bitPattern: $0)))
      } orElse: { _ in
        ""
      }
    case .uint16:
      return try values(UInt16.self) {
        unsigned(UInt64($0))
      } orElse: { _ in
        ""
      }
    case .int32:
      return try values(UInt32.self) {
        signed(Int64(Int32(bitPattern: $0)))
      } orElse: {
        "\(Int32(bitPattern: $0)), \(refused)"
      }
    case .uint32:
      return try values(UInt32.self) {
        unsigned(UInt64($0))
      } orElse: {
        "\($0), \(refused)"
      }
    case .int64:
      return try values(UInt64.self) {
        signed(Int64(bitPattern: $0))
      } orElse: {
        "\(Int64(bitPattern: $0)), \(refused)"
      }
    case .uint64:
      return try values(UInt64.self) {
        unsigned($0)
      } orElse: {
        "\($0), \(refused)"
      }
    case .float16, .bfloat16, .float32, .float64: preconditionFailure("no whole numbers")
    }
  }

  /// Reads all values; where the conversion says nil, the words of `refusal` say what stands there.
  private func values<Word: FixedWidthInteger & UnsignedInteger, T>(
    _ word: Word.Type, _ convert: (Word) -> T?, orElse refusal: (Word) -> String
  ) throws(ArrayFileError) -> [T] {
    let bytes = try bytes()
    guard bytes.count == count * element.byteCount else {
      throw error("has \(bytes.count) bytes of values; it needs \(count * element.byteCount)")
    }
    var refused: (position: Int, word: Word)?
    let stored = [T](unsafeUninitializedCapacity: count) { result, initialized in
      bytes.withUnsafeBytes { bytes in
        for position in 0..<count {
          let raw = bytes.loadUnaligned(fromByteOffset: position * MemoryLayout<Word>.size, as: Word.self)
          let word = isBigEndian ? Word(bigEndian: raw) : Word(littleEndian: raw)
          guard let value = convert(word) else {
            refused = (position, word)
            return
          }
          (result.baseAddress! + position).initialize(to: value)
          initialized = position + 1
        }
      }
    }
    if let refused { throw error("holds \(refusal(refused.word)), at \(place(of: refused.position))") }
    return isColumnMajor && shape.count > 1 ? rowMajor(stored) : stored
  }

  /// Index of a value from its place in the file, as numpy writes it.
  private func place(of position: Int) -> String {
    var rest = position
    var index = [Int](repeating: 0, count: shape.count)
    let axes = isColumnMajor ? Array(shape.indices) : shape.indices.reversed()
    for axis in axes { (rest, index[axis]) = rest.quotientAndRemainder(dividingBy: shape[axis]) }
    return words(of: index)
  }

  private func rowMajor<T>(_ stored: [T]) -> [T] {
    guard !stored.isEmpty else { return stored }
    var strides: [Int] = []
    var step = 1
    for length in shape {
      strides.append(step)
      step *= length
    }
    var index = [Int](repeating: 0, count: shape.count)
    var source = 0
    return [T](unsafeUninitializedCapacity: count) { result, initialized in
      for position in 0..<count {
        (result.baseAddress! + position).initialize(to: stored[source])
        for axis in shape.indices.reversed() {
          index[axis] += 1
          source += strides[axis]
          if index[axis] < shape[axis] { break }
          source -= strides[axis] * shape[axis]
          index[axis] = 0
        }
      }
      initialized = count
    }
  }

  /// The number that 16 bits of half precision are. Swift's own type is not there on every machine.
  static func float(half bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let fraction = Float(bits & 0x3FF)
    switch bits >> 10 & 0x1F {
    case 0: return sign * fraction * 0x1p-24
    case 31 where fraction == 0: return sign * .infinity
    case 31: return Float(bitPattern: UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | UInt32(bits & 0x3FF) << 13)
    case let exponent: return sign * Float(sign: .plus, exponent: Int(exponent) - 25, significand: 1024 + fraction)
    }
  }
}
