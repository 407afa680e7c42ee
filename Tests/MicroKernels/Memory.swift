import CHost

/// Arrays that end where the memory does: the processor stops whoever reads or writes behind them. Before each lie
/// `fence` words that the comparison looks at. An array that is a whole number of cache lines long begins at one.
struct Memory {
  private static let slots = 24
  private static let slotBytes = 1 << 20
  /// More than the pages of any processor.
  private static let guardBytes = 1 << 16
  static let fence = 32

  private let base: UnsafeMutableRawPointer
  private var taken = 0

  init() {
    let stride = Memory.slotBytes + Memory.guardBytes
    // Readable and writable; private and anonymous.
    base = mmap(nil, UInt(Memory.slots * stride), 1 | 2, 0x02 | 0x20, -1, 0)
    for slot in 0..<Memory.slots {
      _ = mprotect(base + slot * stride + Memory.slotBytes, UInt(Memory.guardBytes), 0)
    }
  }

  /// Forgets all arrays.
  mutating func clear() { taken = 0 }

  mutating func take<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    guard taken < Memory.slots, bytes + Memory.fence * 4 <= Memory.slotBytes else {
      fatalError("the checks' memory is too small")
    }
    let end = base + taken * (Memory.slotBytes + Memory.guardBytes) + Memory.slotBytes
    taken += 1
    let start = (end - bytes).assumingMemoryBound(to: Element.self)
    let fence = UnsafeMutableRawPointer(start) - Memory.fence * 4
    for i in 0..<Memory.fence { fence.storeBytes(of: Memory.mark, toByteOffset: 4 * i, as: UInt32.self) }
    return start
  }

  private static let mark: UInt32 = 0x7fc0_ffee

  static func fenceStands(before start: UnsafeRawPointer) -> Bool {
    (1...fence).allSatisfy { (start - 4 * $0).load(as: UInt32.self) == mark }
  }
}
