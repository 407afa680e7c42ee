/// Rows of offsets at fixed addresses: reading them counts no references, which every thread would have to take turns at.
final class OffsetTable {
  private let columns: Int
  private let storage: UnsafeMutablePointer<Int>

  /// All zero.
  init(rows: Int, columns: Int) {
    self.columns = columns
    storage = .allocate(capacity: rows * columns)
    storage.initialize(repeating: 0, count: rows * columns)
  }

  /// A row; valid as long as the table.
  subscript(_ row: Int) -> UnsafeMutablePointer<Int> { storage + row * columns }

  deinit { storage.deallocate() }
}

/// Where the points of a tensor are: for each point (i, j) of n x n, for each phase that has this point a slot of
/// `panels` panels, each of `rows` rows of W floats.
struct PointLayout {
  let panels: Int
  let rows: Int
  let width: Int
  /// Slots of each point.
  let slots: [Int]
  /// The offset of each point.
  let bases: [Int]
  /// Points of each phase along each axis.
  let extents: [(rows: Range<Int>, columns: Range<Int>)]
  /// The offset, for each phase, of its slot at each point; unused where the phase lacks the point.
  let phaseOffsets: OffsetTable
  let count: Int

  /// - Parameter apart: whether points lie an odd number of cache lines apart. A transform writes to all of them at once, and a
  ///   power of two apart they compete for one set of a cache that holds them. (In memory of more than the caches hold
  ///   that is slower.)
  init(
    size: Int, extents: [(rows: Range<Int>, columns: Range<Int>)], panels: Int, rows: Int, width: Int,
    apart: Bool = false
  ) {
    self.panels = panels
    self.rows = rows
    self.width = width
    self.extents = extents
    var slots: [Int] = []
    var bases: [Int] = []
    let phaseOffsets = OffsetTable(rows: extents.count, columns: size * size)
    var offset = 0
    for i in 0..<size {
      for j in 0..<size {
        bases.append(offset)
        var slot = 0
        for (phase, extent) in extents.enumerated() where extent.rows.contains(i) && extent.columns.contains(j) {
          phaseOffsets[phase][i * size + j] = offset + slot * panels * rows * width
          slot += 1
        }
        slots.append(slot)
        offset += PointLayout.distance(slot * panels * rows * width, apart)
      }
    }
    self.slots = slots
    self.bases = bases
    self.phaseOffsets = phaseOffsets
    count = offset
  }

  var panelStride: Int { rows * width }

  /// Floats from one point, whose own are so many, to the next.
  static func distance(_ floats: Int, _ apart: Bool) -> Int { apart ? (ceilDivide(floats, 16) | 1) * 16 : floats }
}
