#if !hasFeature(Embedded)
  import Dispatch
#endif

/// The 64-bit digest of a checkpoint's data section that its metadata carries as `catgan.digest`, in 16 hexadecimal
/// digits. It finds damage; it is not a signature, and who can change the data can change the digest too.
///
/// To reproduce it elsewhere (all arithmetic modulo 2^64, all words little-endian): let P = 0x9e3779b97f4a7c15,
/// B = 0xcbf29ce484222325 and step(h, w) = x ^ (x >> 29) with x = (h ^ w) * P. Cut the data into blocks of 2^20 bytes,
/// the last one shorter. A block's digest: eight lanes, lane i beginning at B + i; pad the block with zero bytes to a
/// multiple of 64; its word number n goes to lane n mod 8 by h = step(h, w); then fold lanes 0 to 7 in order, from B,
/// by h = step(h, lane), and last the block's length in bytes before padding, h = step(h, length). The digest: from B
/// fold the blocks' digests in order by step. Since each step is a bijection of h and of w, a change within one word,
/// such as one flipped byte, always changes the digest; anything else escapes with a chance of about 2^-64.
struct DataDigest {
  static let blockSize = 1 << 20
  private static let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
  private static let basis: UInt64 = 0xcbf2_9ce4_8422_2325

  private let state: UInt64

  /// Folds the digests of all blocks.
  init(_ blockDigests: [UInt64]) { state = blockDigests.reduce(Self.basis, Self.step) }

  var text: String { Self.text(of: state) }

  /// 16 hexadecimal digits.
  static func text(of number: UInt64) -> String { zeroPadded(number, 16, radix: 16) }

  /// The digest of a whole data section.
  static func text(of data: UnsafeRawBufferPointer) -> String {
    DataDigest(blockDigests(of: data, Array(0..<blockCount(data.count)))).text
  }

  static func blockCount(_ byteCount: Int) -> Int { (byteCount + blockSize - 1) / blockSize }

  /// The digests of the blocks of these numbers, computed in parallel.
  static func blockDigests(of data: UnsafeRawBufferPointer, _ blocks: [Int]) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: blocks.count) { buffer, initialized in
      nonisolated(unsafe) let digests = buffer.baseAddress
      nonisolated(unsafe) let data = data
      // A few blocks at a time, so that small files need no second thread.
      let run = 4
      let compute = { @Sendable (task: Int) in
        for i in (task * run)..<min((task + 1) * run, blocks.count) {
          let block = data[(blocks[i] * blockSize)..<min((blocks[i] + 1) * blockSize, data.count)]
          digests![i] = Self.digest(ofBlock: UnsafeRawBufferPointer(rebasing: block))
        }
      }
      let tasks = (blocks.count + run - 1) / run
      #if hasFeature(Embedded)
        for task in 0..<tasks { compute(task) }
      #else
        if tasks > 1 {
          DispatchQueue.concurrentPerform(iterations: tasks, execute: compute)
        } else if tasks == 1 {
          compute(0)
        }
      #endif
      initialized = blocks.count
    }
  }

  static func digest(ofBlock block: UnsafeRawBufferPointer) -> UInt64 {
    // Eight separate variables of a vector's lanes: the multiplications do not wait for each other.
    var lanes = SIMD8<UInt64>(repeating: basis) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    let whole = block.count & ~63
    var offset = 0
    while offset < whole {
      lanes = step(lanes, block.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self))
      offset += 64
    }
    if whole < block.count {
      var rest = SIMD8<UInt64>.zero
      withUnsafeMutableBytes(of: &rest) { $0.copyMemory(from: .init(rebasing: block[whole...])) }
      lanes = step(lanes, rest)
    }
    var state = basis
    for lane in 0..<8 { state = step(state, lanes[lane]) }
    return step(state, UInt64(block.count))
  }

  private static func step(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* multiplier
    return product ^ (product >> 29)
  }

  private static func step(_ state: SIMD8<UInt64>, _ words: SIMD8<UInt64>) -> SIMD8<UInt64> {
    let product = (state ^ words) &* SIMD8(repeating: multiplier)
    return product ^ (product &>> 29)
  }
}
