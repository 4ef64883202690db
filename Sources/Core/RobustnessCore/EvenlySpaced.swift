/// `count` indices spread evenly over 0 ..< total, the first of them 0; all of them when there are fewer.
public func evenlySpaced(_ count: Int, of total: Int) -> [Int] {
  let count = min(count, total)
  return (0..<count).map { $0 * total / count }
}
