/// How a parameter starts.
public enum Initializer: Hashable, Codable, Sendable {
  case constant(Float)
  /// Normal with standard deviation `sigma`, cut at two of them.
  case truncatedNormal(sigma: Double)
  /// Uniform in plus or minus sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  case glorotUniform(inputs: Int, outputs: Int)
  case normal(mean: Double, sigma: Double)
}
