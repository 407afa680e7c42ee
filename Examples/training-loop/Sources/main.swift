// What cattrain does, as a library and without a folder of pictures: a small GAN is described, trained on discs that the program
// draws itself, saved, read back and sampled.
//
//   swift run -c release training-loop [FOLDER]  writes discs.safetensors and discs.ppm into FOLDER, or where it is started
import CatGAN
import Layers
import Storage

let folder = CommandLine.arguments.dropFirst().first ?? "."
let (size, width) = (16, 16)

func describe() throws -> GANDescription {
  let leaky = LayerSpec.activation(.leakyReLU(slope: 0.2))
  func half(_ channels: Int) -> ConvolutionSpec { ConvolutionSpec(channels: channels, kernel: 5, stride: 2) }
  var base = DenseSpec(channels: 2 * width)
  (base.height, base.width) = (size / 4, size / 4)
  let generator = try Network(
    input: Shape(n: 1, h: 1, w: 1, c: 16),
    layers: [
      LayerSpec("dense", .dense(base)), leaky, LayerSpec("up1", .transposedConvolution(half(width))),
      LayerSpec("norm1", .batchNorm(BatchNormSpec())), leaky, LayerSpec("up2", .transposedConvolution(half(3))),
      .activation(.tanh),
    ])
  let discriminator = try Network(
    input: generator.output,
    layers: [
      LayerSpec("down1", .convolution(half(width))), leaky, LayerSpec("down2", .convolution(half(2 * width))),
      LayerSpec("norm2", .batchNorm(BatchNormSpec())), leaky, LayerSpec("dense", .dense(DenseSpec(channels: 1))),
    ])
  return try GANDescription(
    preset: "discs", zDistribution: .normal, generator: generator, discriminator: discriminator)
}

/// Overwrites a picture [size, size, 3] with a disc of one colour on black: values in -1...1.
func drawDisc(_ picture: UnsafeMutablePointer<Float>, _ random: inout RandomGenerator) {
  let (y, x, radius) = (random.uniform(6, 9), random.uniform(6, 9), random.uniform(3, 6))
  let color = (0..<3).map { _ in random.uniform(0.2, 1) }
  for i in 0..<size * size {
    let (dy, dx) = (Float(i / size) - y, Float(i % size) - x)
    let cover = min(max(radius - (dy * dy + dx * dx).squareRoot(), 0), 1)
    for c in 0..<3 { picture[3 * i + c] = (color[c] + 1) * cover - 1 }
  }
}

func step(_ trainer: GANTrainer, _ random: inout RandomGenerator) -> StepResult {
  trainer.fillReals { pictures, place in
    for n in 0..<pictures.count { drawDisc(place + n * size * size * 3, &random) }
  }
  return trainer.step()
}

let context = try Context.fromEnvironment()
var options = TrainingOptions()
options.batchSize = 32
(options.generatorRate, options.discriminatorRate) = (1e-3, 1e-3)
let trainer = GANTrainer(try describe(), options: options, seed: 1, execution: Execution(context: context))
var random = RandomGenerator(seed: 2)
for i in 1...300 {
  let result = step(trainer, &random)
  if i % 60 == 0 { print("step \(i): losses \(result.discriminatorLoss), \(result.generatorLoss)") }
}

let path = "\(folder)/discs.safetensors"
var state = CheckpointState()
state.step = trainer.steps
try Checkpoint.save(trainer, state: state, to: path, overwrite: true)

// The file says itself what networks it holds. Training goes on from it as if it had never stopped.
let networks = try Checkpoint.networks(of: SafeTensors(path: path))
let again = GANTrainer(networks, options: options, seed: 0, execution: Execution(context: context))
print("read back: \(try Checkpoint.load(path, into: again).step) steps")
var sameRandom = random
if step(trainer, &random) != step(again, &sameRandom) { fatalError("the next step is another one") }

let side = 4  // pictures of a row, and rows
let latents = Tensor(again.generator.latentShape(side * side))
again.generator.drawLatents(latents, seed: 3)
let values = again.generator.pictures(latents).array
var file = Array("P6\n\(side * size) \(side * size)\n255\n".utf8)
for y in 0..<side * size {
  for x in 0..<side * size {
    let pixel = ((y / size * side + x / size) * size + y % size) * size + x % size
    file += values[3 * pixel..<3 * pixel + 3].map { UInt8(($0 + 1) * 127.5) }
  }
}
try file.withUnsafeBytes { try AtomicFile.write("\(folder)/discs.ppm", bytes: $0, overwrite: true, durable: false) }
let bright = values.count { $0 > 0 }
if bright < values.count / 20 || bright > values.count / 2 { fatalError("what it draws is no discs") }
