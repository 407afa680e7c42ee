import Foundation
import Testing
import MicroKernels

@testable import Kernels

/// The product C (+)= A B by tiles, on small integers, where sums in any order are exact.
@Suite struct MacroKernelTests {
  /// A product's operands, packed, between values that would show: what is beyond A's rows or B's columns is NaN.
  private struct Product {
    let (rows, panels, depth, panelDepth, groupRows): (Int, Int, Int, Int, Int)
    let width: Int
    let (a, b): ([Float], [Float])

    init(_ kernels: any MicroKernels.Type, rows: Int, panels: Int, depth: Int, panelDepth: Int, groupRows: Int) {
      (self.rows, self.panels, self.depth) = (rows, panels, depth)
      (self.panelDepth, self.groupRows) = (panelDepth, groupRows)
      width = kernels.width
      var noise = Noise(state: UInt64(rows * 1_000_003 + panels * 10_007 + depth * 101 + groupRows))
      a = noise.integers(rows * depth, in: -4...4)
      b = noise.integers(depth * panels * width, in: -4...4)
    }

    var depthPanels: Int { ceilDivide(depth, panelDepth) }
    var groups: Int { ceilDivide(rows, groupRows) }
    var groupStride: Int { depthPanels * groupRows * width }

    func packedA() -> Buffer {
      let packed = Buffer(count: groups * groupStride)
      packed.fill(.nan)
      for m in 0..<rows {
        for k in 0..<depth {
          let row = k / panelDepth * groupRows * width + m % groupRows * width
          packed.pointer[m / groupRows * groupStride + row + k % panelDepth] = a[m * depth + k]
        }
      }
      return packed
    }

    /// Panels of B, a row apart from each other.
    func packedB() -> Buffer {
      let packed = Buffer(count: panels * (depth + 1) * width)
      packed.fill(.nan)
      for k in 0..<depth {
        for n in 0..<panels * width {
          packed.pointer[n / width * (depth + 1) * width + k * width + n % width] = b[k * panels * width + n]
        }
      }
      return packed
    }

    func reference(_ m: Int, _ n: Int) -> Float {
      (0..<depth).reduce(0) { $0 + a[m * depth + $1] * b[$1 * panels * width + n] }
    }
  }

  /// Every number of rows that a tile can have and two tiles' edges, odd panels, depths beside a panel's and a block's.
  @Test(arguments: InstructionSet.available) func edges(_ set: InstructionSet) {
    let kernels = Context(threads: 1, instructionSet: set).kernels
    let (w, mr) = (kernels.width, kernels.mr)
    var cases: [(rows: Int, panels: Int, depth: Int, panelDepth: Int, groupRows: Int)] = []
    for rows in 1...2 * mr + 1 { cases.append((rows, rows % 3 + 1, w + 3, w, mr)) }
    for depth in [1, w - 1, w, 2 * w, 2 * w + 1, MacroKernel.kc, MacroKernel.kc + 1, 2 * MacroKernel.kc + w + 5] {
      cases.append((mr + 1, 3, depth, w, 2 * mr))
      cases.append((2 * mr + 1, 2, depth, w, mr))
      cases.append((3 * mr - 1, 2, depth, w, 3 * mr - 1))
    }
    // Fewer channels than a vector has lanes.
    for depth in [5, 10, 12, MacroKernel.kc + 4] { cases.append((mr + 2, 3, depth, 5, mr)) }
    for (rows, panels, depth, panelDepth, groupRows) in cases {
      let product = Product(
        kernels, rows: rows, panels: panels, depth: depth, panelDepth: panelDepth, groupRows: groupRows)
      let (a, b) = (product.packedA(), product.packedB())
      for stores in [TileStores.overwrites, .adds] {
        // Rows of C with a vector between them that nobody may write.
        let rowStride = (panels + 1) * w
        let c = Buffer(count: rows * rowStride)
        c.fill(.nan)
        for m in 0..<rows where stores == .adds {
          for n in 0..<panels * w { c.pointer[m * rowStride + n] = Float(m - n) }
        }
        MacroKernel(kernels: kernels).multiply(
          MacroKernel.Product(
            rows: rows, columnPanels: panels, depth: depth,
            a: .init(
              first: a.pointer, panelStride: groupRows * w, panelDepth: panelDepth, groupRows: groupRows,
              groupStride: product.groupStride),
            b: .init(b.pointer, (depth + 1) * w),
            c: .init(first: c.pointer, rowStride: rowStride, panelStride: w, groupStride: groupRows * rowStride),
            stores: stores))
        let result = c.array
        for m in 0..<rows {
          let row = result[m * rowStride..<(m + 1) * rowStride]
          let expected = (0..<panels * w).map { n in
            product.reference(m, n) + (stores == .adds ? Float(m - n) : 0)
          }
          #expect(
            Array(row.prefix(panels * w)) == expected && row.suffix(w).allSatisfy(\.isNaN),
            "\(rows) rows in groups of \(groupRows), \(panels) panels, depth \(depth) in \(panelDepth), \(stores), row \(m)"
          )
        }
      }
    }
  }

  /// C[m, n] = sum over k of A[k, m] B[k, n], with one to four panels on either side.
  @Test(arguments: InstructionSet.available) func transposed(_ set: InstructionSet) {
    let kernels = Context(threads: 1, instructionSet: set).kernels
    let w = kernels.width
    for (rowPanels, columnPanels, depth) in [(1, 1, 1), (1, 2, 7), (2, 3, 64), (3, 4, 300), (2, 5, 513)] {
      var noise = Noise(state: UInt64(depth))
      let a = Buffer(noise.integers(rowPanels * depth * w, in: -4...4))
      let b = Buffer(noise.integers(columnPanels * depth * w, in: -4...4))
      let rows = rowPanels * w
      for accumulate in [false, true] {
        let c = Buffer(count: columnPanels * rows * w + w)
        c.fill(.nan)
        if accumulate { c.pointer.update(repeating: 1, count: columnPanels * rows * w) }
        MacroKernel(kernels: kernels).multiply(
          MacroKernel.TransposedProduct(
            rowPanels: rowPanels, columnPanels: columnPanels, depth: depth, a: .init(a.pointer, depth * w),
            b: .init(b.pointer, depth * w), c: c.pointer, cPanelStride: rows * w, accumulates: accumulate))
        let result = c.array
        let expected = (0..<columnPanels * rows * w).map { i in
          let (n, m) = (i / (rows * w) * w + i % w, i / w % rows)
          return (0..<depth).reduce(Float(accumulate ? 1 : 0)) { sum, k in
            sum + a.pointer[m / w * depth * w + k * w + m % w] * b.pointer[n / w * depth * w + k * w + n % w]
          }
        }
        #expect(Array(result.dropLast(w)) == expected && result.suffix(w).allSatisfy(\.isNaN), "depth \(depth)")
      }
    }
  }

  /// Blocks are cut for the cache, and Winograd's tiles go through a pass by tasks or in chunks: of each image some rows, or
  /// some images. No bit depends on it, nor on who computes them.
  @Test(
    arguments: InstructionSet.available,
    [
      ("n300 1x1x700 -> 1x1x144 k1x1 s1 p0,0,0,0", ConvAlgorithm.direct),
      ("n2 19x17x40 -> 10x9x72 k3x3 s2 p1,1,1,1", .direct),
      ("n3 41x39x20 -> 20x19x33 k5x5 s2 p1,1,2,2", .winograd), ("n20 8x8x16 -> 8x8x24 k5x5 s1 p2,2,2,2", .winograd),
      ("n7 4x4x40 -> 4x4x24 k3x3 s1 p1,1,1,1", .winograd),
    ])
  func cacheSizesChangeNoBit(_ set: InstructionSet, _ subject: (shape: String, algorithm: ConvAlgorithm)) throws {
    let operands = Operands(try ConvShape(parsing: subject.shape), integers: false)
    func run(_ threads: Int, _ cache: Int, _ pass: ConvPass) -> [UInt32] {
      let context = Context(threads: threads, instructionSet: set)
      context.secondLevelCache = cache
      return operands.run(pass, subject.algorithm, context).map(\.bitPattern)
    }
    for pass in ConvPass.allCases {
      let bits = run(1, 16 << 10, pass)
      for (threads, cache) in [(1, 1 << 20), (2, 64 << 10), (3, 256 << 10), (2, 4 << 20), (3, 4 << 20)] {
        #expect(run(threads, cache, pass) == bits, "\(pass), \(threads) threads, \(cache) bytes")
      }
    }
  }

  /// Blocks for the caches of other processors, and with them the same bits: cores with 32 KB and 1 MB, with 48 KB and 2 MB for
  /// two threads, with half a megabyte, in a cluster that shares 4 MB, and a system that says nothing.
  @Test(
    arguments: InstructionSet.available,
    [
      (32, 1024, "0", "0", 1024), (48, 2048, "0,56", "0,56", 2048), (32, 512, "0-1", "0-1", 512),
      (64, 4096, "0-3", "0", 1024), (0, 0, "", "", nil),
    ] as [(Int, Int, String, String, Int?)])
  func blocksOfOtherProcessors(
    _ set: InstructionSet, _ core: (first: Int, second: Int, sharedBy: String, threads: String, share: Int?)
  ) throws {
    let place = try TemporaryFolder()
    defer { place.remove() }
    func write(_ text: String, _ name: String) throws {
      let path = place(name)
      try FileManager.default.createDirectory(
        atPath: String(path[..<path.lastIndex(of: "/")!]), withIntermediateDirectories: true)
      try Data("\(text)\n".utf8).write(to: URL(filePath: path))
    }
    if core.second > 0 {
      for (index, level, type, size) in [
        (0, 1, "Data", core.first), (1, 1, "Instruction", 32), (2, 2, "Unified", core.second), (3, 3, "Unified", 32768),
      ] {
        try write("\(level)", "cache/index\(index)/level")
        try write(type, "cache/index\(index)/type")
        try write("\(size)K", "cache/index\(index)/size")
        try write(index == 2 ? core.sharedBy : "0-31", "cache/index\(index)/shared_cpu_list")
      }
      try write(core.threads, "topology/thread_siblings_list")
    }
    let share = Context.secondLevelCache(core: place.path)
    #expect(share == core.share.map { $0 << 10 })

    let operands = Operands(try ConvShape(parsing: "n150 1x1x300 -> 1x1x144 k1x1 s1 p0,0,0,0"), integers: false)
    let context = Context(threads: 2, instructionSet: set)
    let bits = operands.run(.forward, .direct, context).map(\.bitPattern)
    context.secondLevelCache = share ?? 512 << 10
    let (w, mr, nr) = (context.width, context.kernels.mr, context.kernels.nr)
    let blocks = GEMMBlocks(secondLevelCache: context.secondLevelCache, mr: mr, nr: nr, width: w)
    // A block of A, packed, and two panels of B that pass it by.
    let bytes = 4 * MacroKernel.kc * (blocks.rows + 2 * nr * w)
    #expect(blocks.rows % mr == 0 && blocks.columnPanels % nr == 0 && blocks.rows >= 4 * mr)
    #expect(bytes <= context.secondLevelCache / 2)
    #expect(operands.run(.forward, .direct, context).map(\.bitPattern) == bits)
  }

  /// Tasks of a product: within the blocks, and with shares that keep all threads busy, but for products of a few tiles.
  @Test func threadsGetEqualShares() {
    let (mr, nr, w) = (12, 2, 16)
    let blocks = GEMMBlocks(secondLevelCache: 1 << 20, mr: mr, nr: nr, width: w)
    for (m, n) in [(512, 512), (1024, 1024), (2048, 2048), (16, 65536), (16384, 128), (4096, 256), (5, 16), (0, 16)] {
      for threads in [1, 2, 3, 8, 32] {
        let cut = blocks.cut(rows: m, columnPanels: n / w, threads: threads, mr: mr, nr: nr)
        #expect(cut.rows % mr == 0 && cut.columnPanels % nr == 0 && cut.rows > 0 && cut.columnPanels > 0)
        #expect(cut.rows <= blocks.rows && cut.columnPanels <= blocks.columnPanels)
        let tasks = ceilDivide(m, cut.rows) * ceilDivide(n / w, cut.columnPanels)
        let tiles = ceilDivide(m, mr) * ceilDivide(n / w, nr)
        let longest = ceilDivide(tasks, threads) * (cut.rows / mr) * (cut.columnPanels / nr)
        if tiles < 64 * threads { continue }
        #expect(longest * threads <= tiles * 11 / 10, "\(m) x \(n), \(threads) threads: \(cut)")
      }
    }
  }

  /// Registers of a Graviton 2, a Graviton 4 and an M1, then what is none.
  @Test func secondLevelCachesOfARMCores() {
    #expect(Context.secondLevelCache(mainID: "0x00000000413fd0c1") == 256 << 10)
    #expect(Context.secondLevelCache(mainID: "0x00000000410fd4f1") == 1 << 20)
    #expect(Context.secondLevelCache(mainID: "0x00000000611f0231") == 3 << 20)
    for text in ["", "413fd0c1", "0x", "0xcafe", "0x00000000410fd034"] {
      #expect(Context.secondLevelCache(mainID: text) == nil, "\(text)")
    }
  }
}
