/// Micro-kernels over elements that do not look at their neighbours: activations and bias. `rows` by `channels` arrays are
/// densely packed with the channel fastest. Callers hand over blocks that fit a cache and combine several
/// of these on one block, so that memory is read once.
public protocol PointwiseKernels {
  /// data [rows, channels] += bias [channels], in place.
  static func addBias(
    _ data: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, channels: Int)

  /// output = input where input > 0, otherwise slope * input. Overwrites `output`, which may be `input`.
  static func leakyReLU(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, slope: Float)

  /// gradient *= 1 where output > 0, otherwise slope, in place; `output` is what `leakyReLU` wrote, and slope >= 0.
  static func leakyReLUBackward(
    _ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int, slope: Float)

  /// output = tanh(input), within 3 units in the last place. Overwrites `output`, which may be `input`.
  static func tanh(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int)

  /// gradient *= 1 - output^2, in place; `output` is what `tanh` wrote.
  static func tanhBackward(_ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int)

  /// output = 1 / (1 + exp(-input)), within 4 units in the last place above -87, and exp(-87) below. Overwrites `output`,
  /// which may be `input`.
  static func sigmoid(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int)

  /// gradient *= output (1 - output), in place; `output` is what `sigmoid` wrote.
  static func sigmoidBackward(_ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, _ count: Int)

  /// output = input / (1 + exp(-input)). Overwrites `output`, which may be `input`.
  static func silu(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int)

  /// gradient *= silu'(input) = s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)), in place.
  static func siluBackward(_ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, _ count: Int)

  /// output = input * Phi(input), Phi(x) = erfc(-x / sqrt 2) / 2, the factor within 1e-6 of itself above -13.15, and what it
  /// is there, 9e-40, below. Overwrites `output`, which may be `input`.
  static func gelu(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int)

  /// gradient *= gelu'(input) = Phi(x) + x phi(x), in place.
  static func geluBackward(_ gradient: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, _ count: Int)

  /// output = max(output, input), NaN where either is.
  static func maximum(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int)

  /// Where input = output, adds `rest` to `gradient` and leaves zero there: the first of several equal inputs that this is
  /// called for takes it all.
  static func routeToEqual(
    input: UnsafePointer<Float>, output: UnsafePointer<Float>, rest: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, _ count: Int)

  /// sums [channels] += column sums of data [rows, channels]. Adds up the rows of one call in Float, so keep a call to
  /// a few thousand rows.
  static func addColumnSums(
    _ data: UnsafePointer<Float>, rows: Int, channels: Int, to sums: UnsafeMutablePointer<Double>)

  /// output = factor * input + addend. Overwrites `output`, which may be `input`.
  static func scaleAndAdd(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, factor: Float, addend: Float)

  /// output += factor * input.
  static func addScaled(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, factor: Float)

  /// Sum of the products of two arrays; Float within runs of 4096 elements, Double across them.
  static func dot(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ count: Int) -> Double
}
