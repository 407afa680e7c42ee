import CHost

/// What operands are made of.
enum Numbers: CaseIterable {
  /// Whole numbers so small that every intermediate result is one that a Float holds: results are exact.
  case integers
  /// Reals between -1 and 1: results may differ from those in Double by their roundings.
  case reals
}

/// A result in Double beside the same expression of absolute values. Whatever the order of n roundings, a Float result
/// lies within n u size of the value, u being 2^-24 (Higham, Accuracy and Stability, section 3.1, to first order).
struct Reference {
  var value = 0.0
  var size = 0.0

  static func sum(_ terms: Double...) -> Reference {
    var reference = Reference()
    for term in terms { reference.add(term) }
    return reference
  }

  /// What no kernel may change.
  static func unchanged(_ value: Float) -> Reference { Reference(value: Double(value), size: 0) }

  mutating func add(_ term: Double) {
    value += term
    size += abs(term)
  }

  mutating func add(_ other: Reference, times factor: Double) {
    value += other.value * factor
    size += other.size * abs(factor)
  }
}

/// One kernel's operands, results and counts.
struct Check {
  private(set) var values = 0
  private(set) var wrong = 0
  /// The largest error in percent of what roundings allow.
  private(set) var worst = 0
  /// A digest of all results: equal for two machines that computed the same bits.
  private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
  private var memory = Memory()
  private var random: UInt64 = 0x9e37_79b9_7f4a_7c15

  /// Begins a case; arrays of the last one are forgotten.
  mutating func begin() { memory.clear() }

  mutating func word() -> UInt64 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return random >> 33
  }

  mutating func number(_ numbers: Numbers) -> Float {
    switch numbers {
    case .integers: Float(Int(word() % 7) - 3)
    case .reals: Float(Int(word() % (1 << 24)) - (1 << 23)) * 0x1p-23
    }
  }

  /// An operand.
  mutating func operand(_ count: Int, _ numbers: Numbers) -> UnsafeMutablePointer<Float> {
    let array = memory.take(count, of: Float.self)
    for i in 0..<count { array[i] = number(numbers) }
    return array
  }

  /// An array of which no value is to be used: what is computed from one is no number.
  mutating func blank(_ count: Int) -> UnsafeMutablePointer<Float> {
    let array = memory.take(count, of: Float.self)
    for i in 0..<count { array[i] = .nan }
    return array
  }

  mutating func array<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
    let array = memory.take(values.count, of: Element.self)
    for i in values.indices { (array + i).initialize(to: values[i]) }
    return array
  }

  /// All of an array, gaps included, with what it was to become.
  mutating func compare(_ array: UnsafeMutablePointer<Float>, _ wanted: [Reference], roundings: Int) {
    for i in wanted.indices {
      // No result is what was there: bits, for it may be no number.
      if wanted[i].size == 0, array[i].bitPattern == Float(wanted[i].value).bitPattern {
        count(true, UInt64(array[i].bitPattern))
      } else {
        compare(Double(array[i]), UInt64(array[i].bitPattern), wanted[i], roundings)
      }
    }
    if !Memory.fenceStands(before: array) { wrong += 1 }
  }

  mutating func compare(_ array: UnsafeMutablePointer<Double>, _ wanted: [Reference], roundings: Int) {
    for i in wanted.indices { compare(array[i], array[i].bitPattern, wanted[i], roundings) }
    if !Memory.fenceStands(before: array) { wrong += 1 }
  }

  mutating func compare(_ value: Double, _ wanted: Reference, roundings: Int) {
    compare(value, value.bitPattern, wanted, roundings)
  }

  mutating func count(_ right: Bool, _ bits: UInt64) {
    values += 1
    if !right { wrong += 1 }
    digest = (digest ^ bits) &* 0x100_0000_01b3
  }

  private mutating func compare(_ value: Double, _ bits: UInt64, _ wanted: Reference, _ roundings: Int) {
    let error = abs(value - wanted.value)
    let bound = Double(roundings) * 0x1p-24 * wanted.size
    // What is no number is not within any bound.
    let right = error <= bound
    count(right, bits)
    if right && bound > 0 { worst = max(worst, Int(100 * error / bound)) }
  }
}

/// Array lengths around the vector's: none to fill one, one exactly, some beside whole ones.
let lengths = [1, 2, width - 1, width, width + 1, 2 * width, 3 * width + 5]
