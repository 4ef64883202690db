import RobustnessCore
import Synchronization

/// The attacks that were loaded, in order: what the types of `ForeignAttack` are about.
enum LoadedAttacks {
  private struct State: Sendable {
    var descriptions: [ForeignAttackDescription] = []
    var next: any AttackSlot.Type = FirstSlot.self
  }

  private static let state = Mutex(State())

  static subscript(index: Int) -> ForeignAttackDescription { state.withLock { $0.descriptions[index] } }

  /// Makes a type of each.
  static func add(_ descriptions: [ForeignAttackDescription]) -> [any Attack.Type] {
    state.withLock { state in
      descriptions.map { description in
        let slot = state.next
        state.descriptions.append(description)
        state.next = following(slot)
        return attack(slot)
      }
    }
  }

  private static func following<Slot: AttackSlot>(_ slot: Slot.Type) -> any AttackSlot.Type { SlotAfter<Slot>.self }
  private static func attack<Slot: AttackSlot>(_ slot: Slot.Type) -> any Attack.Type { ForeignAttack<Slot>.self }
}
