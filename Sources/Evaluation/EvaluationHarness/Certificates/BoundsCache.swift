import RobustnessCore
import Synchronization

/// An ensemble that keeps the draws that it has made into steps with bounds: certificates ask for each many times.
///
/// What is kept stays within a number of bytes; the other draws are made anew every time.
final class BoundsCache<Base: BoundedEnsemble>: BoundedEnsemble {
  private let base: Base
  private let room: Int
  private let kept = Mutex<(networks: [Int: BoundedNetwork], bytes: Int)>(([:], 0))

  /// - Parameter room: Bytes.
  init(_ base: Base, room: Int) {
    self.base = base
    self.room = room
  }

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  var drawCount: Int { base.drawCount }
  func member(_ draw: Int) throws -> Base.Member { try base.member(draw) }

  func boundedMember(_ draw: Int) throws -> BoundedNetwork {
    if let known = kept.withLock({ $0.networks[draw] }) { return known }
    let network = try base.boundedMember(draw)
    kept.withLock { kept in
      guard kept.networks[draw] == nil, kept.bytes + network.bytes <= room else { return }
      kept.networks[draw] = network
      kept.bytes += network.bytes
    }
    return network
  }
}
