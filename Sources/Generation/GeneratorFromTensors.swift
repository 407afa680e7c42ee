import Kernels
import Networks
import Storage

/// The generator of a file that describes none, from the names and shapes of its tensors.
struct GeneratorFromTensors {
  let file: SafeTensors
  let prefix: String

  /// The first tensor of each kind of generator that is known by its names.
  static let marks = ["dense.weight", "main.0.weight"]

  /// - Throws: `CheckpointError` naming the file, the tensor and what was expected.
  func network() throws(CheckpointError) -> Network { file.contains(prefix + Self.marks[0]) ? try cats() : try dcgan() }

  /// How z is drawn for a generator whose file does not say it.
  static func distribution(of generator: Network) -> LatentDistribution? {
    generator.layers[0].name == "main.0" ? .normal : nil
  }

  /// z -> dense -> base x base x channels -> leaky ReLU, then transposed convolutions trans_convN of stride 2 with
  /// TensorFlow's SAME padding (PyTorch's padding 1 for 4x4, and for 5x5 padding 1 with the last row and column of the
  /// result cropped), each with batch normalisation and leaky ReLU, and `logits` of stride 1 to red, green and blue.
  private func cats() throws(CheckpointError) -> Network {
    var stages = 0
    while file.contains("\(prefix)trans_conv\(stages + 1).weight") { stages += 1 }
    guard (1...7).contains(stages) else {
      throw CheckpointError(
        file.path, "has \(stages) layers \(prefix)trans_convN.weight, where 1 to 7 make a generator")
    }
    let (dense, first) = (try shape("dense.weight", rank: 2), try shape("trans_conv1.weight", rank: 4))
    let kernel = first[2]
    guard kernel == 4 || kernel == 5 else {
      throw CheckpointError(
        file.path,
        "has kernels of \(kernel)x\(first[3]) in \(prefix)trans_conv1.weight, where 4x4 or 5x5 can be sampled")
    }
    // Divided and compared, never multiplied: the sizes come from the file.
    let positions = dense[0] % first[0] == 0 ? dense[0] / first[0] : 0
    guard let base = (1...256).first(where: { $0 * $0 == positions }) else {
      throw CheckpointError(
        file.path,
        "has \(prefix)dense.weight with \(dense[0]) rows, which \(prefix)trans_conv1.weight's \(first[0]) channels do not "
          + "divide into a square")
    }
    guard (32...256).contains(base << stages) else {
      throw CheckpointError(
        file.path, "makes pictures of \(base << stages)x\(base << stages) pixels, where 32 to 256 can be sampled")
    }
    let leaky = LayerSpec.activation(.leakyReLU(slope: 0.2))
    var spec = DenseSpec(channels: first[0])
    (spec.height, spec.width) = (base, base)
    var layers = [LayerSpec("dense", .dense(spec)), leaky]
    for stage in 1...stages {
      let name = "trans_conv\(stage)"
      var spec = ConvolutionSpec(channels: try shape("\(name).weight", rank: 4)[1], kernel: Extent(kernel), stride: 2)
      // PyTorch generators often leave out a bias that batch normalisation would cancel.
      spec.hasBias = file.contains("\(prefix)\(name).bias")
      layers += [
        LayerSpec(name, .transposedConvolution(spec)), LayerSpec("batch_\(name)", .batchNorm(BatchNormSpec())), leaky,
      ]
    }
    let last = try shape("logits.weight", rank: 4)
    guard [3, 4, 5, 7].contains(last[2]), last[1] == 3 else {
      throw CheckpointError(
        file.path,
        "has \(prefix)logits.weight of shape \(last), where 3 channels and kernels of 3x3, 4x4, 5x5 or 7x7 are understood"
      )
    }
    layers.append(
      LayerSpec("logits", .transposedConvolution(ConvolutionSpec(channels: 3, kernel: Extent(last[2]), stride: 1))))
    layers.append(.activation(.tanh))
    return try network(dense[1], layers)
  }

  /// The generator of PyTorch's DCGAN example (pytorch/examples, dcgan), an nn.Sequential called `main` whose layers are
  /// numbered: from z by a transposed convolution of 4x4 without padding, then others of 4x4 with stride 2 and padding 1,
  /// each with batch normalisation and ReLU, and the last one with tanh. As many layers as there are weights.
  private func dcgan() throws(CheckpointError) -> Network {
    let start = "\(prefix)main."
    let numbers = file.names.filter { $0.hasPrefix(start) && $0.hasSuffix(".weight") }
      .compactMap { Int($0.dropFirst(start.count).dropLast(".weight".count)) }.sorted()
    guard let first = numbers.first, let last = numbers.last, first >= 0, last < 200 else {
      throw CheckpointError(file.path, "has layers \(start)N.weight whose numbers are not in 0...199")
    }
    var layers: [LayerSpec] = []
    let convolutions = numbers.filter { file.shape(of: "\(start)\($0).weight")?.count != 1 }
    for number in convolutions {
      let weight = try shape("main.\(number).weight", rank: 4)
      guard weight[2] == 4, weight[3] == 4 else {
        throw CheckpointError(
          file.path, "has \(start)\(number).weight of shape \(weight), where kernels of 4x4 are understood")
      }
      var spec =
        number == first
        ? ConvolutionSpec(channels: weight[1], kernel: 4, stride: 1, padding: .pixels(0))
        : ConvolutionSpec(channels: weight[1], kernel: 4, stride: 2, padding: .pixels(1))
      spec.hasBias = file.contains("\(start)\(number).bias")
      layers.append(LayerSpec("main.\(number)", .transposedConvolution(spec)))
      if numbers.contains(number + 1), !convolutions.contains(number + 1) {
        layers.append(LayerSpec("main.\(number + 1)", .batchNorm(BatchNormSpec())))
      }
      layers.append(.activation(number == convolutions.last ? .tanh : .leakyReLU(slope: 0)))
    }
    return try network(try shape("main.\(first).weight", rank: 4)[0], layers)
  }

  private func network(_ zDimension: Int, _ layers: [LayerSpec]) throws(CheckpointError) -> Network {
    do throws(NetworkError) {
      guard zDimension <= 65536 else {
        throw NetworkError("z has \(zDimension) numbers, and at most 65536 are possible")
      }
      return try Network(input: Shape(n: 1, h: 1, w: 1, c: zDimension), layers: layers)
    } catch {
      throw CheckpointError(file.path, "holds no generator that can be sampled: \(error)")
    }
  }

  private func shape(_ name: String, rank: Int) throws(CheckpointError) -> [Int] {
    guard let shape = file.shape(of: prefix + name) else {
      throw CheckpointError(file.path, "has no tensor \(prefix)\(name), which a generator needs")
    }
    guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
      throw CheckpointError(
        file.path, "has \(prefix)\(name) of shape \(shape), where \(rank) sizes above zero were expected")
    }
    return shape
  }
}
