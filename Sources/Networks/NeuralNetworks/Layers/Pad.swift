/// Zeros around its input: `padding` has [before, after] for each dimension, one after the other.
package struct Pad: LayerKind {
  package let padding: [Int]

  package static var type: String { "pad" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["padding"])
    padding = try fields.integers("padding")
  }

  package var members: [(key: String, json: String)] { [("padding", JSONText.list(padding))] }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    guard padding.count == 2 * inputs[0].count, padding.allSatisfy({ (0...1 << 20).contains($0) }) else {
      throw place.error(
        "is \(padding); for an input of shape \(inputs[0]) it holds \(2 * inputs[0].count) numbers, none negative: before and after each dimension",
        at: "padding")
    }
    return LayerTrace(inputs[0].enumerated().map { $0.element + padding[2 * $0.offset] + padding[2 * $0.offset + 1] })
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let shape = node.inputShapes[0]
    var places = [0]
    var isInside = [true]
    for (axis, size) in shape.enumerated() {
      var (next, inside): ([Int], [Bool]) = ([], [])
      for (base, wasInside) in zip(places, isInside) {
        for index in -padding[2 * axis]..<size + padding[2 * axis + 1] {
          next.append(base * size + index)
          inside.append(wasInside && (0..<size).contains(index))
        }
      }
      (places, isInside) = (next, inside)
    }
    return GatherRows(places: zip(places, isInside).map { $1 ? $0 : -1 })
  }
}
