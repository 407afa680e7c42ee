import Storage

/// How a parameter starts. Fans are counted as PyTorch does: those of a weight with the file shape [a, b, kh, kw] are
/// b * kh * kw inputs and a * kh * kw outputs; see `ParameterLayout.fans`.
public enum Initializer: Hashable, Sendable {
  case constant(Float)
  /// Normal with standard deviation `sigma`, cut at two of them.
  case truncatedNormal(sigma: Double)
  case normal(mean: Double, sigma: Double)
  /// Uniform in plus or minus `limit`.
  case uniform(limit: Double)
  /// Uniform in plus or minus sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  case glorotUniform
  /// Normal with standard deviation sqrt(2 / inputs), for a ReLU behind the layer (He et al. 2015, arXiv 1502.01852).
  case heNormal
  /// What PyTorch's `Linear`, `Conv2d` and `ConvTranspose2d` begin with: weights and biases are uniform in plus or minus
  /// 1 / sqrt(inputs of the weight).
  case torchDefault

  /// How the bias of a layer starts whose weight has this initialiser: at zero, but for `torchDefault`.
  /// - Parameter weight: the weight's layout.
  public func bias(of weight: ParameterLayout) -> Initializer {
    self == .torchDefault ? .uniform(limit: 1 / Double(weight.fans.inputs).squareRoot()) : .constant(0)
  }
}

extension ParameterLayout {
  /// How many inputs each output of a weight has, and how many outputs each input.
  public var fans: (inputs: Int, outputs: Int) {
    switch self {
    case .filter(let kh, let kw, let inputs, let outputs): (kh * kw * inputs, kh * kw * outputs)
    case .dense(let inputs, let outputs): (inputs.elements, outputs.elements)
    case .vector, .picture: (count, count)
    }
  }
}

/// Such as {"truncatedNormal": {"sigma": 0.02}}, {"constant": {"_0": 1}} and {"heNormal": {}}.
extension Initializer: JSONValue {
  init(_ json: JSON, _ what: String) throws(NetworkError) {
    guard case .object(let members) = json, members.count == 1, let (name, options) = members.first,
      case .object(let values) = options
    else {
      throw NetworkError("\(what) is to be an object of one initialiser")
    }
    func number(_ key: String) throws(NetworkError) -> Double {
      guard let value = values[key] else { throw NetworkError("\(what) lacks \"\(key)\"") }
      return try Double(value, "\"\(key)\"")
    }
    switch name {
    case "constant": self = .constant(Float(try number("_0")))
    case "truncatedNormal": self = .truncatedNormal(sigma: try number("sigma"))
    case "normal": self = .normal(mean: try number("mean"), sigma: try number("sigma"))
    case "uniform": self = .uniform(limit: try number("limit"))
    case "glorotUniform": self = .glorotUniform
    case "heNormal": self = .heNormal
    case "torchDefault": self = .torchDefault
    default: throw NetworkError("\(what) names no initialiser that this version knows")
    }
  }
}

// In this file, where the compiler writes it.
#if !hasFeature(Embedded)
  extension Initializer: Encodable {}
#endif
