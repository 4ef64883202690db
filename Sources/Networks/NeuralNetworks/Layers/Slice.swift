/// A part of its input along one dimension: from `start` up to, but without, `stop`, every `step`-th.
package struct Slice: LayerKind {
  package let axis: Int
  package let start: Int
  package let stop: Int
  package let step: Int

  package static var type: String { "slice" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["axis", "start", "stop", "step"])
    axis = try fields.integer("axis")
    start = try fields.integer("start")
    stop = try fields.integer("stop")
    step = try fields.integer("step", default: 1)
  }

  package var members: [(key: String, json: String)] {
    [("axis", "\(axis)"), ("start", "\(start)"), ("stop", "\(stop)")] + (step == 1 ? [] : [("step", "\(step)")])
  }

  private var count: Int { (stop - start + step - 1) / step }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    var shape = inputs[0]
    guard shape.indices.contains(axis) else {
      throw place.error("is \(axis), and its input has \(shape.count) dimensions, from 0", at: "axis")
    }
    guard step >= 1 else { throw place.error("is \(step); it starts at 1", at: "step") }
    guard start >= 0, start < stop, stop <= shape[axis], step <= shape[axis] else {
      throw place.error("takes \(start)..<\(stop) of a dimension of size \(shape[axis])")
    }
    shape[axis] = count
    return LayerTrace(shape)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let places = Places.slice(node.inputShapes[0], axis: axis, start: start, step: step, count: count)
    return GatherRows(places: places)
  }
}
