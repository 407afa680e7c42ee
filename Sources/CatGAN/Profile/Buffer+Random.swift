import Layers

extension Buffer {
  /// Uniform values in [-1, 1).
  package convenience init(count: Int, random: inout RandomGenerator) {
    self.init(count: count)
    for i in 0..<count { pointer[i] = random.uniform(-1, 1) }
  }
}
