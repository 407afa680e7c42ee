// An autoencoder that takes the noise out of images of discs.
//
//   swift run -c release denoising-autoencoder                    trains, and prints how much of the noise is left
//   swift run -c release denoising-autoencoder steps.safetensors  writes its first ten steps, which twin.py repeats
import Layers
import Storage

let (batch, size) = (32, 32)

/// Images [batch, size, size, 1] of three discs each, and the same with noise.
func drawBatch(_ random: inout RandomGenerator) -> (clean: Tensor, noisy: Tensor) {
  let clean = Tensor(Shape(n: batch, h: size, w: size, c: 1))
  let noisy = Tensor(clean.shape)
  for n in 0..<batch {
    let discs = (0..<3).map { _ in
      (y: random.uniform(0, 32), x: random.uniform(0, 32), radius: random.uniform(3, 9), ink: random.uniform(0.3, 1))
    }
    for i in 0..<size * size {
      var value: Float = 0
      for disc in discs {
        let (dy, dx) = (Float(i / size) - disc.y, Float(i % size) - disc.x)
        if dy * dy + dx * dx < disc.radius * disc.radius { value = disc.ink }
      }
      clean.pointer[n * size * size + i] = value
      noisy.pointer[n * size * size + i] = value + 0.3 * Float(random.normal())
    }
  }
  return (clean, noisy)
}

func convolution(_ name: String, _ inputs: Int, _ outputs: Int, stride: Extent = 1) -> Conv2D {
  Conv2D(
    name, inputChannels: inputs,
    ConvolutionSpec(channels: outputs, kernel: 3, stride: stride, padding: .pixels(1), weights: .torchDefault))
}

func block(_ name: String) -> Residual {
  Residual(name, Sequential("body", [convolution("conv", 64, 64), GELU("gelu")]))
}

let context = try Context.fromEnvironment()
let network = try Sequential(
  "autoencoder",
  [
    convolution("conv1", 1, 32, stride: 2), GELU("gelu1"), convolution("conv2", 32, 64, stride: 2), GELU("gelu2"),
    block("block1"), block("block2"),
    ConvTranspose2D(
      "up1", inputChannels: 64,
      ConvolutionSpec(channels: 32, kernel: 4, stride: 2, padding: .pixels(1), weights: .torchDefault)),
    GELU("gelu3"),
    ConvTranspose2D(
      "up2", inputChannels: 32,
      ConvolutionSpec(channels: 1, kernel: 4, stride: 2, padding: .pixels(1), weights: .torchDefault),
      activation: .sigmoid),
  ], input: Shape(n: batch, h: size, w: size, c: 1), execution: Execution(context: context))
var random = RandomGenerator(seed: 1)
network.initialize(&random)
let optimizer = AdamW(rate: 0)
let schedule = LearningRateSchedule.cosine(steps: 300).warmedUp(over: 10)

func step(_ clean: Tensor, _ noisy: Tensor) -> Double {
  let (loss, gradient) = meanSquaredError(network.forward(noisy, mode: .training()), target: clean)
  network.backward(gradient, parameters: .overwrite, input: false)
  optimizer.rate = 2e-3 * schedule.factor(at: optimizer.steps)
  optimizer.update(network.store, clippingNormAt: 1, context: context)
  return loss
}

/// Seconds of a step on a batch that is there already.
func secondsPerStep(_ clean: Tensor, _ noisy: Tensor) -> Double {
  let clock = ContinuousClock()
  let times = (0..<20).map { _ in clock.measure { _ = step(clean, noisy) } }
  return times.min()! / .seconds(1)
}

if CommandLine.arguments.count > 1 {
  var tensors: [TensorSource] = []
  func record(_ prefix: String) {
    tensors += network.store.parameters.map {
      TensorSource("\(prefix).\($0.name)", floats: $0.fileValues(), shape: $0.layout.fileShape)
    }
  }
  record("start")
  var losses: [Float] = []
  for i in 0..<10 {
    let (clean, noisy) = drawBatch(&random)
    tensors.append(TensorSource("clean.\(i)", floats: clean.array, shape: [batch, 1, size, size]))
    tensors.append(TensorSource("noisy.\(i)", floats: noisy.array, shape: [batch, 1, size, size]))
    losses.append(Float(step(clean, noisy)))
  }
  record("end")
  tensors.append(TensorSource("losses", floats: losses, shape: [10]))
  let (clean, noisy) = drawBatch(&random)
  let seconds = secondsPerStep(clean, noisy)
  try SafeTensors.write(
    tensors, metadata: ["seconds": "\(seconds)"], to: CommandLine.arguments[1], overwrite: true)
  print("ten steps: loss \(losses[0]) to \(losses[9])")
} else {
  for i in 1...300 {
    let (clean, noisy) = drawBatch(&random)
    let loss = step(clean, noisy)
    if i % 60 == 0 { print("step \(i): mean squared error \(loss), of the noise 0.09") }
  }
  let (clean, noisy) = drawBatch(&random)
  let left = meanSquaredError(network.forward(noisy, mode: .inference), target: clean).loss
  print(
    "\(left) of 0.09 is left in new images, \(Int(Double(batch) / secondsPerStep(clean, noisy))) images/s in training")
  if left > 0.03 { fatalError("it did not learn to take out noise") }
}
