import Testing

@testable import Kernels

@Suite struct MeasurementTests {
  /// Lengths around the vector widths and the unrolled step, where a tail can be forgotten or overrun.
  static let lengths = [0, 1, 7, 8, 15, 16, 17, 31, 63, 64, 65, 129, 1000]

  @Test(arguments: InstructionSet.available, lengths)
  func streamsTouchEveryElementOnce(set: InstructionSet, count: Int) {
    let kernels = Context(threads: 1, instructionSet: set).kernels
    let first = Buffer((0..<count).map { Float($0 % 13) })
    let second = Buffer((0..<count).map { Float($0 % 7) })
    let target = Buffer(count: count + 1)
    target.pointer[count] = -77
    #expect(kernels.read(first.pointer, count) == first.array.reduce(0, +))
    kernels.copy(first.pointer, target.pointer, count)
    #expect(Array(target.array.prefix(count)) == first.array)
    kernels.triad(first.pointer, second.pointer, factor: 2, target.pointer, count)
    #expect(Array(target.array.prefix(count)) == zip(first.array, second.array).map { $0 + 2 * $1 })
    #expect(target.pointer[count] == -77)
  }

  /// Twelve chains begin at 0 ... 11 in every lane and grow by a half a hundred times: all of it was done.
  @Test(arguments: InstructionSet.available)
  func multiplyAddDoesTheWorkItCounts(set: InstructionSet) {
    let context = Context(threads: 2, instructionSet: set)
    let work = MachineProbe.multiplyAdd(context, iterationsPerThread: 100)
    #expect(work.sum == Float(2 * (66 + 12 * 50) * set.width))
    #expect(work.flops == Double(2 * 2 * 12 * set.width * 100))
  }

  @Test func probeStreamsCoverTheWholeBuffer() {
    let context = Context(threads: 3)
    let buffers = (0..<3).map { _ in Buffer(count: 1001) }
    for buffer in buffers { buffer.fill(1) }
    #expect(MachineProbe.stream(.read, context, buffers: buffers).sum == 1001)
    #expect(MachineProbe.stream(.triad, context, buffers: buffers).bytes == 3 * 4 * 1001)
    #expect(buffers[0].array.allSatisfy { $0 == 1.5 })
  }

  @Test func observerSeesEachRegionOnceWithItsTasks() {
    let context = Context(threads: 32)
    var regions: [ParallelRegion] = []
    context.taskObserver = { regions.append($0) }
    var order: [Int] = []
    context.parallel(5) { i in
      order.append(i)
      context.parallel(2) { _ in }
    }
    context.parallel(0) { _ in }
    context.taskObserver = nil
    context.parallel(1) { _ in }
    #expect(order == [0, 1, 2, 3, 4])
    #expect(regions.map(\.tasks.count) == [5, 0])
    #expect(regions.allSatisfy { $0.tasks.reduce(0, +) == $0.end - $0.start })
  }
}
