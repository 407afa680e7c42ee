import Kernels

/// Named networks.
public enum Preset: String, CaseIterable, Sendable {
  /// 64x64 images from a 4x4 base.
  case cats64
  /// 128x128 images from an 8x8 base.
  case cats128
  /// 64x64 images by the networks of PyTorch's DCGAN example.
  case dcgan64

  /// Side of the square images, in pixels.
  public var imageSize: Int { self == .cats128 ? 128 : 64 }

  /// - Parameters:
  ///   - width: channels of the layers nearest to the image; the others are multiples of it.
  ///   - zDimension: length of a latent vector.
  /// - Throws: `NetworkError` where the numbers make no network.
  public func networks(
    width: Int = 64, zDimension: Int = 100, zDistribution: LatentDistribution = .uniform,
    discriminatorNorm: DiscriminatorNorm = .batch
  ) throws(NetworkError) -> GANDescription {
    var networks =
      switch self {
      case .cats64, .cats128:
        try GANDescription.cats(
          rawValue, imageSize: imageSize, width: width, zDimension: zDimension, discriminatorNorm: discriminatorNorm)
      case .dcgan64:
        try GANDescription.dcgan(
          rawValue, width: width, zDimension: zDimension, discriminatorNorm: discriminatorNorm)
      }
    networks.zDistribution = zDistribution
    return networks
  }
}

extension GANDescription {
  /// The networks of the recipe. z -> dense -> [size / 16, size / 16, 16 width] -> leaky ReLU -> four times transposed
  /// convolution of stride 2, batch normalisation and leaky ReLU, down to `width` channels -> transposed convolution of
  /// stride 1 to red, green and blue -> tanh. Against it convolutions to 1, 2, 4, 8 and 16 times `width` channels, of
  /// stride 2 but for the fourth, each with a leaky ReLU and from the second on with batch normalisation, then a dense
  /// layer. z is uniform.
  /// - Parameters:
  ///   - imageSize: a multiple of 16.
  ///   - inputBatchNorm: batch normalisation on the discriminator's first layer too.
  ///   - discriminatorNorm: with `.spectral`, the weights of all its layers are normalised instead.
  public static func cats(
    _ preset: String, imageSize: Int, width: Int = 64, zDimension: Int = 100, kernel: Int = 5,
    inputBatchNorm: Bool = false, discriminatorNorm: DiscriminatorNorm = .batch
  ) throws(NetworkError) -> GANDescription {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(NetworkError) {
      guard range.contains(value) else {
        throw NetworkError("\(name) is \(value); it must be in \(range.lowerBound)...\(range.upperBound)")
      }
    }
    try check("imageSize", imageSize, 16...1024)
    guard imageSize % 16 == 0 else { throw NetworkError("imageSize is \(imageSize); it must be a multiple of 16") }
    try check("width", width, 1...256)
    try check("zDim", zDimension, 1...4096)
    try check("kernel", kernel, 1...9)
    guard kernel % 2 == 1 else { throw NetworkError("kernel is \(kernel); it must be odd") }
    let leaky = LayerSpec.activation(.leakyReLU(slope: 0.2))
    let norm = LayerSpec.Operation.batchNorm(BatchNormSpec())

    var dense = DenseSpec(channels: 16 * width)
    (dense.height, dense.width) = (imageSize / 16, imageSize / 16)
    var layers = [LayerSpec("dense", .dense(dense)), leaky]
    for i in 1...4 {
      let spec = ConvolutionSpec(channels: width << (4 - i), kernel: Extent(kernel), stride: 2)
      layers += [
        LayerSpec("trans_conv\(i)", .transposedConvolution(spec)), LayerSpec("batch_trans_conv\(i)", norm), leaky,
      ]
    }
    layers.append(
      LayerSpec("logits", .transposedConvolution(ConvolutionSpec(channels: 3, kernel: Extent(kernel), stride: 1))))
    layers.append(.activation(.tanh))
    let generator = try Network(input: Shape(n: 1, h: 1, w: 1, c: zDimension), layers: layers)

    let spectral = discriminatorNorm == .spectral
    layers = []
    for i in 1...5 {
      var spec = ConvolutionSpec(channels: width << (i - 1), kernel: Extent(kernel), stride: i == 4 ? 1 : 2)
      spec.hasSpectralNorm = spectral
      layers.append(LayerSpec("conv\(i)", .convolution(spec)))
      if !spectral && (i > 1 || inputBatchNorm) { layers.append(LayerSpec("batch_conv\(i)", norm)) }
      layers.append(leaky)
    }
    dense = DenseSpec(channels: 1)
    dense.hasSpectralNorm = spectral
    layers.append(LayerSpec("dense", .dense(dense)))
    return try GANDescription(
      preset: preset, zDistribution: .uniform, generator: generator,
      discriminator: try Network(input: generator.output, layers: layers))
  }

  /// The networks of PyTorch's DCGAN example (pytorch/examples, dcgan; Radford et al. 2016, arXiv 1511.06434), whose names
  /// its parameters have: 4x4 kernels without biases, from z straight into a transposed convolution, ReLU in the generator,
  /// weights normal with sigma 0.02. The example's last layer, a sigmoid, is part of the loss here.
  /// - Parameters: as of `cats`; images are of 64x64 pixels.
  public static func dcgan(
    _ preset: String, width: Int = 64, zDimension: Int = 100, discriminatorNorm: DiscriminatorNorm = .batch
  ) throws(NetworkError) -> GANDescription {
    func convolution(_ channels: Int, isInner: Bool = true) -> ConvolutionSpec {
      var spec = ConvolutionSpec(
        channels: channels, kernel: 4, stride: isInner ? 2 : 1, padding: .pixels(isInner ? 1 : 0))
      spec.hasBias = false
      spec.weights = .normal(mean: 0, sigma: 0.02)
      return spec
    }
    var norm = BatchNormSpec()
    norm.momentum = 0.9
    norm.gamma = .normal(mean: 1, sigma: 0.02)

    var layers: [LayerSpec] = []
    func add(_ operation: LayerSpec.Operation) { layers.append(LayerSpec("main.\(layers.count)", operation)) }
    for factor in [8, 4, 2, 1] {
      add(.transposedConvolution(convolution(factor * width, isInner: factor < 8)))
      add(.batchNorm(norm))
      add(.activation(.leakyReLU(slope: 0)))
    }
    add(.transposedConvolution(convolution(3)))
    add(.activation(.tanh))
    let generator = try Network(input: Shape(n: 1, h: 1, w: 1, c: zDimension), layers: layers)

    layers = []
    let spectral = discriminatorNorm == .spectral
    for factor in [1, 2, 4, 8] {
      var spec = convolution(factor * width)
      spec.hasSpectralNorm = spectral
      add(.convolution(spec))
      if !spectral && factor > 1 { add(.batchNorm(norm)) }
      add(.activation(.leakyReLU(slope: 0.2)))
    }
    var last = convolution(1, isInner: false)
    last.hasSpectralNorm = spectral
    add(.convolution(last))
    return try GANDescription(
      preset: preset, zDistribution: .normal, generator: generator,
      discriminator: try Network(input: generator.output, layers: layers))
  }
}
