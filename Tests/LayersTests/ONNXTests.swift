import Foundation
import Layers
import Storage
import Testing

/// The node tests of the ONNX project; see Fixtures/onnx/make_cases.py and docs/onnx-conformance.md.
///
/// Both sides compute in Float. Each operator's bound is by its roundings on both, see `allowed(roundings:)`; what only moves
/// numbers, and sums of whole numbers, are exact.
@Suite struct ONNXTests {
  struct Case: Decodable, Sendable, CustomStringConvertible {
    var name: String
    var `operator`: String
    var kernel: [Int]?
    var stride: [Int]?
    var pads: [Int]?
    var isSame: Bool?
    var outputPadding: [Int]?
    var ceil: Bool?
    var countIncludePad: Bool?
    var slope: Float?
    var epsilon: Double?
    var momentum: Double?
    var isTraining: Bool?
    var rate: Double?
    var alpha: Double?
    var beta: Double?
    var decay: Double?
    var isNesterov: Bool?
    var parameters: Int?
    /// A unit of the last digit, where the outputs are written down with a few digits and not all rounded to the nearest.
    var resolution: Double?

    var description: String { name }

    func extent(_ pair: [Int]?) -> Extent { Extent(pair![0], pair![1]) }
    /// As ONNX counts it out, and as the word for it where there is one.
    var paddings: [Padding] {
      [.explicit(Pads(top: pads![0], left: pads![1], bottom: pads![2], right: pads![3]))] + (isSame! ? [.same] : [])
    }
  }

  /// Puts out a given tensor whatever comes in: an input of an operator that has several.
  final class Given: Layer {
    let name: String
    let tensor: Tensor

    init(_ name: String, _ tensor: Tensor) {
      self.name = name
      self.tensor = tensor
    }

    func outputShape(_ input: Shape) -> Shape { tensor.shape }
    func forward(_ input: Tensor, into output: Tensor, mode: Mode, row: String, _ execution: Execution) {
      output.copy(from: tensor)
    }
    func backward(
      input: Tensor, output: Tensor, outputGradient: Tensor, into inputGradient: Tensor?,
      parameters: ParameterGradients, row: String, _ execution: Execution
    ) {}
  }

  static func file() throws -> SafeTensors { try SafeTensors(path: Fixtures.path("onnx/cases.safetensors")) }

  static let cases: [Case] = {
    guard let text = try? file().metadata["cases"] else { return [] }
    return (try? JSONDecoder().decode([Case].self, from: Data(text.utf8))) ?? []
  }()

  let file: SafeTensors

  init() throws { file = try Self.file() }

  @Test func allCasesAreThere() { #expect(Self.cases.count == 78) }

  @Test(arguments: cases) func gives(_ test: Case) throws {
    for context in contexts {
      switch test.operator {
      case "Adam", "Momentum": try checkOptimizer(test, context)
      case "Softmax":
        let x = try tensor(test, "x")
        expectClose(
          softmax(x).array, try values(test, "y"), within: allowed(roundings: Self.ofSoftmax(x.shape.c)), test.name)
      case "SoftmaxCrossEntropyLoss":
        let labels = try values(test, "labels").map { Int($0) }
        let x = try tensor(test, "x")
        let loss = softmaxCrossEntropy(logits: x, labels: labels).loss
        // The logarithm and its difference to the logit are two more, and the mean's errors are no larger than its terms'.
        expectClose(
          [Float(loss)], try values(test, "y"), within: allowed(roundings: Self.ofSoftmax(x.shape.c) + 2), test.name)
      default: try checkLayers(test, context)
      }
    }
  }

  /// Ours is rounded once, for it is computed in Double. ONNX's rounds the difference to the largest, of up to 3 for which the
  /// exponential has as many times its error; the exponential, to two units of its last place; each addition; the quotient.
  private static func ofSoftmax(_ classes: Int) -> Int { 1 + 3 + 4 + classes + 1 }

  /// Roundings of an element of a layer's output, here and there.
  private func roundings(_ test: Case, _ x: Shape) -> Int {
    switch test.operator {
    // The filters are ones, and the images whole numbers.
    case "Conv", "ConvTranspose", "MaxPool", "Relu", "Flatten", "Concat": 0
    // A product and a sum for each, and the bias.
    case "Gemm": 2 * (2 * x.c + 1)
    // As many additions as places, the last of which is the division.
    case "AveragePool": 2 * test.kernel![0] * test.kernel![1]
    case "GlobalAveragePool": 2 * x.h * x.w
    // The slope and its product.
    case "LeakyRelu": 2 * 2
    // Up to four units in the last place, which are two roundings each, and for some a product and its factor.
    case "Tanh", "Sigmoid", "Gelu", "Swish": 2 * (8 + 2)
    // Moments of so many rows, and: difference, root, quotient, scale and shift.
    case "BatchNormalization": 2 * ((test.isTraining! ? x.rows : 0) + 5)
    default: 0
    }
  }

  private func values(_ test: Case, _ key: String) throws -> [Float] { try file.floats("\(test.name).\(key)") }

  private func tensor(_ test: Case, _ key: String) throws -> Tensor {
    let sizes = try #require(file.shape(of: "\(test.name).\(key)"))
    return Tensor(Shape(n: sizes[0], h: sizes[1], w: sizes[2], c: sizes[3]), values: try values(test, key))
  }

  private func checkLayers(_ test: Case, _ context: Context) throws {
    let x = try tensor(test, test.operator == "Concat" ? "x0" : "x")
    let y = try tensor(test, "y")
    for layer in try layers(test, x.shape, y.shape) {
      let network = try Sequential("net", [layer], input: x.shape, execution: Execution(context: context))
      for parameter in layer.parameters where parameter.isTrained {
        parameter.setFileValues(try values(test, parameter.name.hasSuffix("weight") ? "w" : "b"))
      }
      #expect(try network.outputShape(x.shape) == y.shape, "\(test)")
      if let norm = layer as? BatchNorm {
        norm.runningMean.setFileValues(try values(test, "mean"))
        norm.runningVariance.setFileValues(try values(test, "variance"))
        // After so many batches each weighs 1 - momentum.
        norm.batchesTracked.value = 1_000_000
      }
      let isTraining = test.isTraining ?? false
      let found = network.forward(x, mode: isTraining ? .training() : .inference)
      var within = allowed(roundings: roundings(test, x.shape))
      if let resolution = test.resolution {
        let squares = y.array.reduce(0) { $0 + Double($1) * Double($1) }
        within += resolution / (squares / Double(y.count)).squareRoot()
      }
      expectClose(found.array, y.array, within: within, test.name)
      if let norm = layer as? BatchNorm, isTraining { try checkStatistics(test, norm, rows: x.shape.rows) }
    }
  }

  /// ONNX averages the biased variance, PyTorch and this package the unbiased one. Of roundings there are the rows' sum, and a
  /// product and a sum of the average.
  private func checkStatistics(_ test: Case, _ norm: BatchNorm, rows: Int) throws {
    let within = allowed(roundings: 2 * (rows + 2))
    expectClose(norm.runningMean.fileValues(), try values(test, "newMean"), within: within, "\(test) mean")
    let old = try values(test, "variance").map { Double($0) * test.momentum! }
    let expected = zip(try values(test, "newVariance"), old).map { new, old in
      Float(old + (Double(new) - old) * Double(rows) / Double(rows - 1))
    }
    expectClose(norm.runningVariance.fileValues(), expected, within: within, "\(test) variance")
  }

  private func layers(_ test: Case, _ x: Shape, _ y: Shape) throws -> [any Layer] {
    func each(_ make: (Padding) -> any Layer) -> [any Layer] { test.paddings.map(make) }
    let hasBias = file.contains("\(test.name).b")
    switch test.operator {
    case "Conv":
      return each {
        Conv2D(
          "l", inputChannels: x.c,
          ConvolutionSpec(
            channels: y.c, kernel: test.extent(test.kernel), stride: test.extent(test.stride), padding: $0,
            hasBias: hasBias))
      }
    case "ConvTranspose":
      return each {
        ConvTranspose2D(
          "l", inputChannels: x.c,
          ConvolutionSpec(
            channels: y.c, kernel: test.extent(test.kernel), stride: test.extent(test.stride), padding: $0,
            outputPadding: test.extent(test.outputPadding), hasBias: hasBias))
      }
    case "MaxPool":
      return each {
        MaxPool2D(
          "l", kernel: test.extent(test.kernel), stride: test.extent(test.stride), padding: $0, ceilMode: test.ceil!)
      }
    case "AveragePool":
      return each {
        AvgPool2D(
          "l", kernel: test.extent(test.kernel), stride: test.extent(test.stride), padding: $0,
          countIncludePad: test.countIncludePad!, ceilMode: test.ceil!)
      }
    case "BatchNormalization":
      return [BatchNorm("l", channels: x.c, epsilon: test.epsilon!, momentum: test.momentum!)]
    case "Gemm": return [Dense("l", inputs: x.c, outputs: y.c, hasBias: hasBias)]
    case "GlobalAveragePool": return [GlobalAveragePool("l")]
    case "LeakyRelu": return [LeakyReLU("l", slope: test.slope!)]
    case "Relu": return [ReLU("l")]
    case "Tanh": return [Tanh("l")]
    case "Sigmoid": return [Sigmoid("l")]
    case "Gelu": return [GELU("l")]
    case "Swish": return [SiLU("l")]
    case "Flatten": return [Flatten("l")]
    case "Concat":
      return [Concatenate("l", [Sequential("x0", []), Given("x1", try tensor(test, "x1"))])]
    default:
      Issue.record("\(test.operator) is not known")
      return []
    }
  }

  private func checkOptimizer(_ test: Case, _ context: Context) throws {
    let isAdam = test.operator == "Adam"
    let parameters = try (0..<test.parameters!).map { i in
      let start = try values(test, "x\(i)")
      let parameter = Parameter("p\(i)", .vector(start.count), .constant(0))
      parameter.setFileValues(start)
      parameter.setFileValues(try values(test, "gradient\(i)"), .gradient)
      parameter.setFileValues(try values(test, "first\(i)"), .firstMoment)
      if isAdam { parameter.setFileValues(try values(test, "second\(i)"), .secondMoment) }
      return parameter
    }
    let optimizer: any Optimizer =
      isAdam
      ? Adam(
        rate: test.rate!, beta1: test.alpha!, beta2: test.beta!, epsilon: test.epsilon!, weightDecay: test.decay!)
      : SGD(rate: test.rate!, momentum: test.alpha!, isNesterov: test.isNesterov!, weightDecay: test.decay!)
    // T = 0 stands for no bias correction, of which nothing is left after so many steps.
    optimizer.steps = 1_000_000
    optimizer.update(ParameterStore(parameters), context: context)
    // At most eight each: two of the decay, three of a moment, and the root, the quotient and the value's sum.
    let within = allowed(roundings: 2 * 8)
    for (i, parameter) in parameters.enumerated() {
      expectClose(parameter.fileValues(), try values(test, "newX\(i)"), within: within, "\(test) value")
      expectClose(
        parameter.fileValues(.firstMoment), try values(test, "newFirst\(i)"), within: within, "\(test) first moment")
      if isAdam {
        expectClose(
          parameter.fileValues(.secondMoment), try values(test, "newSecond\(i)"), within: within,
          "\(test) second moment")
      }
    }
  }
}
