import Storage

/// The shape of a DCGAN generator, read from the shapes of its tensors: z -> dense -> base x base x channels[0], then
/// transposed convolutions of stride 2, each doubling the side, and one of stride 1 to red, green and blue.
public struct GeneratorArchitecture: Equatable, Sendable {
  public let zDimension: Int
  /// Side of the picture that the dense layer makes.
  public let baseSize: Int
  /// Channels after the dense layer and after each transposed convolution of stride 2.
  public let channels: [Int]
  /// Side of the stride 2 kernels. Padding is TensorFlow's SAME: PyTorch's padding 1 for 4, and for 5 padding 1 with the
  /// last row and column of the result cropped.
  public let kernel: Int
  /// Side of the last, stride 1, kernel.
  public let lastKernel: Int

  public var stages: Int { channels.count - 1 }
  public var pictureSize: Int { baseSize << stages }
  /// The width that presets speak of: channels before the last layer.
  public var width: Int { channels[stages] }

  /// Trained parameters; running statistics do not count.
  public var parameterCount: Int {
    var count = (zDimension + 1) * baseSize * baseSize * channels[0]
    for stage in 0..<stages { count += (channels[stage] * kernel * kernel + 3) * channels[stage + 1] }
    return count + (width * lastKernel * lastKernel + 1) * 3
  }

  static let pictureSizes = 16...256

  /// The names of all tensors, in the order of the layers, without a prefix. Biases before a batch normalisation
  /// (`trans_convN.bias`) may be left out.
  public var tensorNames: [String] {
    let stages = (1...stages).flatMap { stage in
      ["weight", "bias"].map { "trans_conv\(stage).\($0)" }
        + ["weight", "bias", "running_mean", "running_var"].map { "batch_trans_conv\(stage).\($0)" }
    }
    return ["dense.weight", "dense.bias"] + stages + ["logits.weight", "logits.bias"]
  }

  /// Reads and cross-checks the shapes of the tensors whose names begin with `prefix`.
  /// - Throws: `CheckpointError` naming the file, the tensor and what was expected.
  init(_ file: SafeTensors, prefix: String) throws {
    func shape(_ name: String, rank: Int) throws -> [Int] {
      guard let shape = file.shape(of: prefix + name) else {
        throw CheckpointError(file.path, "has no tensor \(prefix)\(name), which a generator needs")
      }
      guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
        throw CheckpointError(
          file.path, "has \(prefix)\(name) of shape \(shape), where \(rank) sizes above zero were expected")
      }
      return shape
    }
    func expect(_ name: String, _ expected: [Int]) throws {
      let found = try shape(name, rank: expected.count)
      guard found == expected else {
        throw CheckpointError(
          file.path, "has \(prefix)\(name) of shape \(found), where its neighbours ask for \(expected)")
      }
    }
    var stages = 0
    while file.contains("\(prefix)trans_conv\(stages + 1).weight") { stages += 1 }
    guard (1...7).contains(stages) else {
      throw CheckpointError(
        file.path, "has \(stages) layers \(prefix)trans_convN.weight, where 1 to 7 make a generator")
    }
    let dense = try shape("dense.weight", rank: 2)
    let first = try shape("trans_conv1.weight", rank: 4)
    zDimension = dense[1]
    kernel = first[2]
    guard kernel == 4 || kernel == 5 else {
      throw CheckpointError(
        file.path,
        "has kernels of \(kernel)x\(first[3]) in \(prefix)trans_conv1.weight, where 4x4 or 5x5 can be sampled")
    }
    // Divided and compared, never multiplied: the sizes come from the file.
    let positions = dense[0] % first[0] == 0 ? dense[0] / first[0] : 0
    guard let base = (1...GeneratorArchitecture.pictureSizes.upperBound).first(where: { $0 * $0 == positions }) else {
      throw CheckpointError(
        file.path,
        "has \(prefix)dense.weight with \(dense[0]) rows, which \(prefix)trans_conv1.weight's \(first[0]) channels do not "
          + "divide into a square")
    }
    baseSize = base
    guard GeneratorArchitecture.pictureSizes.contains(base << stages) else {
      throw CheckpointError(
        file.path, "makes pictures of \(base << stages)x\(base << stages) pixels, where 16 to 256 can be sampled")
    }
    try expect("dense.bias", [dense[0]])
    var channels = [first[0]]
    for stage in 1...stages {
      let weight = try shape("trans_conv\(stage).weight", rank: 4)
      try expect("trans_conv\(stage).weight", [channels[stage - 1], weight[1], kernel, kernel])
      // PyTorch generators often leave out a bias that batch normalisation would cancel.
      if file.contains("\(prefix)trans_conv\(stage).bias") { try expect("trans_conv\(stage).bias", [weight[1]]) }
      for statistic in ["weight", "bias", "running_mean", "running_var"] {
        try expect("batch_trans_conv\(stage).\(statistic)", [weight[1]])
      }
      channels.append(weight[1])
    }
    self.channels = channels
    let last = try shape("logits.weight", rank: 4)
    lastKernel = last[2]
    guard [3, 4, 5, 7].contains(lastKernel) else {
      throw CheckpointError(
        file.path,
        "has kernels of \(last[2])x\(last[3]) in \(prefix)logits.weight, where 3x3, 4x4, 5x5 or 7x7 are understood")
    }
    try expect("logits.weight", [channels[stages], 3, lastKernel, lastKernel])
    try expect("logits.bias", [3])
  }
}

/// A file that is no usable checkpoint: one sentence that names it.
public struct CheckpointError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ path: String, _ problem: String) {
    description = "\(quoted(path)) \(problem)"
  }
}
