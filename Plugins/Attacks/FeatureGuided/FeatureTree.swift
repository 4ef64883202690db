#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The tree over the first player's choices: each node is a sequence of features that were visited.
struct FeatureTree {
  private struct Node {
    /// The feature that leads here, and the node it leads from.
    var feature: Int
    var children: [Int] = []
    var visits = 0
    var total = 0.0
  }

  private var nodes = [Node(feature: -1)]
  private let featureCount: Int
  private let exploration: Double
  /// The rewards seen so far lie in here: confidence bounds need rewards of order 1.
  private var lowest = Double.infinity
  private var highest = -Double.infinity

  init(featureCount: Int, exploration: Double) {
    self.featureCount = featureCount
    self.exploration = exploration
  }

  /// What the first player does at a node.
  enum Choice {
    /// Goes on to a node that is there, by its feature.
    case known(node: Int, feature: Int)
    /// Tries a feature that was not tried here.
    case new
  }

  /// Where to go from a node. A node that was visited n times has at most ⌈√n⌉ children, so that depth is reached though
  /// there are many features (progressive widening; Coulom 2007); among them the largest upper confidence bound wins
  /// (UCB1; Auer et al. 2002), and of equal ones the first.
  func choice(at node: Int) -> Choice {
    let visits = Double(max(nodes[node].visits, 1))
    let width = min(featureCount, Int(visits.squareRoot().rounded(.up)))
    guard nodes[node].children.count >= width else { return .new }
    var best = nodes[node].children[0]
    var bound = -Double.infinity
    for child in nodes[node].children {
      let tries = Double(max(nodes[child].visits, 1))
      let range = highest - lowest
      let mean = range > 0 ? (nodes[child].total / tries - lowest) / range : 0
      let candidate = mean + exploration * (2 * log(visits) / tries).squareRoot()
      if candidate > bound { (best, bound) = (child, candidate) }
    }
    return .known(node: best, feature: nodes[best].feature)
  }

  /// Features that have a node below `node`.
  func tried(at node: Int) -> Set<Int> { Set(nodes[node].children.map { nodes[$0].feature }) }

  /// Adds a node for a feature.
  mutating func add(_ feature: Int, below node: Int) -> Int {
    nodes.append(Node(feature: feature))
    nodes[node].children.append(nodes.count - 1)
    return nodes.count - 1
  }

  /// Credits the nodes of a path with what the play reached.
  mutating func credit(_ path: [Int], _ reward: Double) {
    lowest = min(lowest, reward)
    highest = max(highest, reward)
    for node in path {
      nodes[node].visits += 1
      nodes[node].total += reward
    }
  }
}
