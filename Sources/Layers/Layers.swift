/// Layers for convolutional networks on the CPU: convolutions and their adjoints, dense layers, batch normalisation,
/// activations, dropout, pooling, upsampling, reshaping, sums and concatenations of branches; losses, optimisers,
/// schedules, initialisers; and parameters, which are saved and loaded in PyTorch's names and layouts. Knows nothing of
/// image files.
///
/// Contexts and buffers come with it, so that one import is enough to build and train a network:
///
/// ```swift
/// let context = Context(threads: 2)
/// var random = RandomGenerator(seed: 1)
/// let network = try Sequential(
///   "classifier",
///   [
///     Conv2D("conv", inputChannels: 1, ConvolutionSpec(channels: 8, kernel: 3, stride: 2), followedByBatchNorm: true),
///     BatchNorm("norm", channels: 8, leakySlope: 0.2),
///     Dense("dense", inputs: Shape(n: 1, h: 4, w: 4, c: 8), outputs: Shape(n: 1, h: 1, w: 1, c: 1)),
///   ], input: Shape(n: 16, h: 8, w: 8, c: 1), execution: Execution(context: context))
/// network.initialize(&random)
/// let adam = Adam(rate: 1e-3)
/// let pictures = Tensor(Shape(n: 16, h: 8, w: 8, c: 1), values: (0..<1024).map { _ in random.uniform(-1, 1) })
/// let labels = (0..<16).map { Float($0 % 2) }
/// for _ in 0..<10 {
///   let logits = network.forward(pictures, mode: .training())
///   let (loss, gradient) = sigmoidCrossEntropy(logits: logits, targets: labels)
///   network.backward(gradient, parameters: .overwrite, input: false)
///   adam.update(network.store, context: context)
///   print(loss)
/// }
/// try network.store.save(to: "classifier.safetensors")
/// ```
@_exported import Kernels
@_exported import Networks
@_exported import Random
