import Kernels

/// The matrix-like layers of both networks with their shapes, and how often a training step runs each pass: what the
/// work of a step is counted from. See the recipe: G forward once, D forward on reals and fakes, and on fakes again.
struct StepShapes: Equatable, Sendable {
  /// Seen from the layer: a transposed convolution's forward pass is its convolution's backward-data pass.
  struct Layer: Equatable, Sendable {
    var name: String
    /// For a transposed layer, the convolution that it is the adjoint of. A dense layer is a 1x1 convolution of 1x1
    /// pictures.
    var shape: ConvShape
    var isTransposed: Bool
    var isDense = false
    /// Calls of each of the layer's passes in one training step. One on reals and fakes together counts as two.
    var calls: [ConvPass: Int]

    /// The pass of `shape` that computes the layer's `pass`.
    func kernelPass(_ pass: ConvPass) -> ConvPass {
      guard isTransposed else { return pass }
      switch pass {
      case .forward: return .backwardData
      case .backwardData: return .forward
      case .backwardFilter: return .backwardFilter
      }
    }

    /// Bytes that one pass must move at least: its two operands and its result, once each.
    var bytes: Double { 4 * Double(shape.inputCount + shape.outputCount + shape.filterCount) }
  }

  var layers: [Layer]

  init(imageSize: Int, width: Int, batch: Int, kernel: Int = 5, zDimension: Int = 100) {
    let base = imageSize / 16
    func conv(_ size: Int, _ from: Int, _ to: Int, stride: Int) -> ConvShape {
      .same(
        batch: batch, height: size, width: size, inputChannels: from, outputChannels: to, kernel: kernel,
        stride: stride)
    }
    func dense(_ from: Int, _ to: Int) -> ConvShape {
      .same(batch: batch, height: 1, width: 1, inputChannels: from, outputChannels: to, kernel: 1, stride: 1)
    }
    let once: [ConvPass: Int] = [.forward: 1, .backwardData: 1, .backwardFilter: 1]
    let flat = base * base * 16 * width
    layers = [
      Layer(
        name: "G.dense", shape: dense(zDimension, flat), isTransposed: false, isDense: true,
        calls: [.forward: 1, .backwardFilter: 1])
    ]
    for i in 1...4 {
      let channels = width << (4 - i)
      layers.append(
        Layer(
          name: "G.trans_conv\(i)", shape: conv(base << i, channels, 2 * channels, stride: 2), isTransposed: true,
          calls: once))
    }
    layers.append(
      Layer(name: "G.logits", shape: conv(imageSize, 3, width, stride: 1), isTransposed: true, calls: once))
    // The step of D needs no gradient of the pictures, the step of G no gradient of D's filters.
    let discriminator: [ConvPass: Int] = [.forward: 3, .backwardData: 3, .backwardFilter: 2]
    let strides = [2, 2, 2, 1, 2]
    var size = imageSize
    for i in 1...5 {
      var calls = discriminator
      if i == 1 { calls[.backwardData] = 1 }
      layers.append(
        Layer(
          name: "D.conv\(i)",
          shape: conv(size, i == 1 ? 3 : width << (i - 2), width << (i - 1), stride: strides[i - 1]),
          isTransposed: false, calls: calls))
      size /= strides[i - 1]
    }
    layers.append(
      Layer(name: "D.dense", shape: dense(flat, 1), isTransposed: false, isDense: true, calls: discriminator))
  }

  /// Batches that the calls of a part of the step, such as `D.batch_conv2 fwd`, go over: the discriminator's update takes
  /// two in one call.
  func batches(_ part: String, calls: Int) -> Int {
    if let (layer, pass) = product(part) { return layer.calls[pass]! }
    return part.hasPrefix("D.") ? calls + 1 : calls
  }

  /// Operations of one training step done directly, matrix-like layers only: the rest is below a percent.
  var stepFlops: Double {
    layers.reduce(0) { $0 + $1.shape.flops * Double($1.calls.values.reduce(0, +)) }
  }

  /// Operations of generating one batch of pictures.
  var sampleFlops: Double {
    layers.filter { $0.name.hasPrefix("G.") }.reduce(0) { $0 + $1.shape.flops }
  }
}
