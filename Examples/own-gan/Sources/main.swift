// A small adversarial network of one's own, made of the parts of PyTorch's DCGAN example: it learns to draw rings.
//
//   swift run -c release own-gan                    trains, and prints a few rings
//   swift run -c release own-gan steps.safetensors  writes its first ten steps, which twin.py repeats
import Layers
import Storage

let (batch, size, latent, width) = (32, 16, 16, 32)
let latentShape = Shape(n: batch, h: 1, w: 1, c: latent)

/// Images [batch, size, size, 1] in -1...1 of a ring each.
func drawBatch(_ random: inout RandomGenerator) -> Tensor {
  let images = Tensor(Shape(n: batch, h: size, w: size, c: 1))
  for n in 0..<batch {
    let (y, x, radius) = (random.uniform(6, 9), random.uniform(6, 9), random.uniform(3, 6))
    for i in 0..<size * size {
      let (dy, dx) = (Float(i / size) - y, Float(i % size) - x)
      let distance = abs((dy * dy + dx * dx).squareRoot() - radius)
      images.pointer[n * size * size + i] = max(1 - distance, 0) * 2 - 1
    }
  }
  return images
}

func drawLatents(_ random: inout RandomGenerator) -> Tensor {
  Tensor(latentShape, values: (0..<latentShape.count).map { _ in Float(random.normal()) })
}

func kernel(_ outputs: Int, isEdge: Bool) -> ConvolutionSpec {  // 4x4; at an edge it covers the whole image
  ConvolutionSpec(
    channels: outputs, kernel: 4, stride: isEdge ? 1 : 2, padding: isEdge ? .valid : .pixels(1), hasBias: false,
    weights: .normal(mean: 0, sigma: 0.02))
}

func up(_ name: String, _ inputs: Int, _ outputs: Int, first: Bool = false, _ activation: Activation = .identity)
  -> any Layer
{
  ConvTranspose2D(name, inputChannels: inputs, kernel(outputs, isEdge: first), activation: activation)
}

func down(_ name: String, _ inputs: Int, _ outputs: Int, last: Bool = false, _ activation: Activation = .identity)
  -> any Layer
{
  Conv2D(name, inputChannels: inputs, kernel(outputs, isEdge: last), activation: activation)
}

let context = try Context.fromEnvironment()
let execution = Execution(context: context)
let generator = try Sequential(
  "G",
  [
    up("up1", latent, 2 * width, first: true), BatchNorm("norm1", channels: 2 * width, leakySlope: 0),
    up("up2", 2 * width, width), BatchNorm("norm2", channels: width, leakySlope: 0), up("up3", width, 1, .tanh),
  ], input: latentShape, execution: execution)
let discriminator = try Sequential(
  "D",
  [
    down("down1", 1, width, .leakyReLU(slope: 0.2)), down("down2", width, 2 * width),
    BatchNorm("norm2", channels: 2 * width, leakySlope: 0.2), down("down3", 2 * width, 1, last: true),
  ], input: try generator.outputShape(latentShape), execution: execution)
var random = RandomGenerator(seed: 1)
generator.initialize(&random)
discriminator.initialize(&random)
let generatorAdam = Adam(rate: 1e-3, beta1: 0.5)
let discriminatorAdam = Adam(rate: 1e-3, beta1: 0.5)

/// One update of either network. The two losses are of the networks before it.
func step(_ reals: Tensor, _ latents: Tensor) -> (discriminator: Double, generator: Double) {
  let fakes = generator.forward(latents, mode: .training())
  let real = sigmoidCrossEntropy(logits: discriminator.forward(reals, mode: .training()), target: 1)
  discriminator.backward(real.gradient, parameters: .overwrite, input: false)
  let fake = sigmoidCrossEntropy(logits: discriminator.forward(fakes, mode: .training()), target: 0)
  discriminator.backward(fake.gradient, parameters: .accumulate, input: false)
  discriminatorAdam.update(discriminator.store, context: context)
  let fooled = sigmoidCrossEntropy(logits: discriminator.forward(fakes, mode: .training()), target: 1)
  let gradient = discriminator.backward(fooled.gradient, parameters: .none, input: true)!
  generator.backward(gradient, parameters: .overwrite, input: false)
  generatorAdam.update(generator.store, context: context)
  return (real.loss + fake.loss, fooled.loss)
}

if CommandLine.arguments.count > 1 {
  var tensors: [TensorSource] = []
  func record(_ prefix: String) {
    for network in [generator, discriminator] {
      tensors += network.store.parameters.filter(\.isTrained).map {
        TensorSource("\(prefix).\(network.name).\($0.name)", floats: $0.fileValues(), shape: $0.layout.fileShape)
      }
    }
  }
  record("start")
  var losses: [Float] = []
  for i in 0..<10 {
    let (reals, latents) = (drawBatch(&random), drawLatents(&random))
    tensors.append(TensorSource("reals.\(i)", floats: reals.array, shape: [batch, 1, size, size]))
    tensors.append(TensorSource("latents.\(i)", floats: latents.array, shape: [batch, latent, 1, 1]))
    let loss = step(reals, latents)
    losses += [Float(loss.discriminator), Float(loss.generator)]
  }
  record("end")
  tensors.append(TensorSource("losses", floats: losses, shape: [20]))
  let (reals, latents) = (drawBatch(&random), drawLatents(&random))
  let clock = ContinuousClock()
  let seconds = (0..<20).map { _ in clock.measure { _ = step(reals, latents) } }.min()! / .seconds(1)
  try SafeTensors.write(
    tensors, metadata: ["seconds": "\(seconds)"], to: CommandLine.arguments[1], overwrite: true)
  print("ten steps: losses \(losses.prefix(2)) to \(losses.suffix(2))")
} else {
  for i in 1...300 {
    let loss = step(drawBatch(&random), drawLatents(&random))
    if i % 60 == 0 { print("step \(i): losses \(loss.discriminator), \(loss.generator)") }
  }
  let rings = generator.forward(drawLatents(&random), mode: .inference).array
  for y in 0..<size {
    print((0..<4 * size).map { rings[($0 / size * size + y) * size + $0 % size] > 0 ? "#" : "." }.joined())
  }
  let ink = rings.filter { $0 > 0 }.count
  if ink < batch * 10 || ink > batch * 120 { fatalError("what it draws is no rings") }
}
