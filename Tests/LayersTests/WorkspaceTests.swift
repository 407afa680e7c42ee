import Testing

@testable import Layers

@Suite struct WorkspaceTests {
  private static func shape(_ count: Int) -> Shape { Shape(n: 1, h: 1, w: 1, c: count) }

  /// Takes and releases as passes of a network do, and checks that nobody writes into what another one holds.
  private static func run(_ workspace: Workspace, _ sizes: [Int]) -> [Int] {
    var held: [Tensor] = []
    var addresses: [Int] = []
    func take(_ count: Int) {
      let tensor = workspace.take(shape(count))
      tensor.pointer.update(repeating: Float(addresses.count), count: count)
      addresses.append(Int(bitPattern: tensor.pointer))
      held.append(tensor)
    }
    func release(_ i: Int) {
      let tensor = held.remove(at: i)
      #expect(tensor.array.allSatisfy { $0 == tensor.pointer[0] })
      workspace.release(tensor)
    }
    for size in sizes { take(size) }
    for size in sizes.reversed() {
      take(size)
      if held.count > sizes.count { release(held.count - 2) }
      release(0)
    }
    while !held.isEmpty { release(held.count - 1) }
    return addresses
  }

  @Test func placesAreFoundAgain() {
    let workspace = Workspace()
    let sizes = [5000, 70_000, 1, 300_000, 20_000]
    _ = Self.run(workspace, sizes)
    let second = Self.run(workspace, sizes)
    #expect(Self.run(workspace, sizes) == second)
    // All in one block, no larger than all of them together.
    #expect(second.max()! - second.min()! < 4 * 2 * sizes.reduce(0, +))
    // Smaller ones lie there too, also between larger ones, and larger ones elsewhere.
    #expect(Self.run(workspace, sizes.map { $0 / 2 + 1 }) == second)
    _ = Self.run(workspace, [7000, 4000])
    #expect(Self.run(workspace, sizes) == second)
    _ = Self.run(workspace, sizes.map { 2 * $0 })
  }

  /// What is released serves what comes later: layers that halve their input, back and forth, need no more than what is
  /// held at the worst time.
  @Test func nothingIsHeldTwice() {
    let workspace = Workspace()
    var addresses: [Int] = []
    for _ in 0..<2 {
      addresses = []
      var last = workspace.take(Self.shape(1 << 16))
      addresses.append(Int(bitPattern: last.pointer))
      for _ in 0..<8 {
        let next = workspace.take(Self.shape(1 << 16))
        addresses.append(Int(bitPattern: next.pointer))
        workspace.release(last)
        last = next
      }
      workspace.release(last)
    }
    #expect(Set(addresses).count == 2)
    #expect(addresses.max()! - addresses.min()! == 4 << 16)
  }

  @Test func whatIsNotTakenIsLeftAlone() {
    let workspace = Workspace()
    let taken = workspace.take(Self.shape(10))
    workspace.release(Tensor(Self.shape(10)))
    workspace.release(taken)
    workspace.release(taken)
    #expect(workspace.take(Self.shape(10)).buffer !== taken.buffer)
  }
}
