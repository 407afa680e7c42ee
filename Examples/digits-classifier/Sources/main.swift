// A convolutional network that learns to read drawn digits.
//
//   swift run -c release digits-classifier                        trains, and prints how many of new digits it reads
//   swift run -c release digits-classifier steps.safetensors      writes its first ten steps, which twin.py repeats
import Layers
import Storage

/// Each digit as rows of five dots.
let font = [
  "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110",
  "01110 10001 00001 00010 00100 01000 11111", "11111 00010 00100 00010 00001 10001 01110",
  "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
  "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000",
  "01110 10001 10001 01110 10001 10001 01110", "01110 10001 10001 01111 00001 00010 01100",
].map { $0.split(separator: " ").map { $0.map { $0 == "1" ? Float(1) : 0 } } }

/// Digits of three pixels a dot, somewhere in images [n, 28, 28, 1], among noise.
func drawBatch(_ count: Int, _ random: inout RandomGenerator) -> (images: Tensor, labels: [Int]) {
  let images = Tensor(Shape(n: count, h: 28, w: 28, c: 1))
  let labels = (0..<count).map { _ in random.index(below: 10) }
  for (n, label) in labels.enumerated() {
    let (top, left) = (random.index(below: 8), random.index(below: 14))
    for y in 0..<28 {
      for x in 0..<28 {
        let (row, column) = (y - top, x - left)
        let isInside = 0..<21 ~= row && 0..<15 ~= column
        let ink = isInside ? font[label][row / 3][column / 3] : 0
        images.pointer[(n * 28 + y) * 28 + x] = ink + random.uniform(-0.8, 0.8)
      }
    }
  }
  return (images, labels)
}

let batch = 64
let context = try Context.fromEnvironment()
let network = try Sequential(
  "digits",
  [
    Conv2D(
      "conv1", inputChannels: 1, ConvolutionSpec(channels: 32, kernel: 3, weights: .torchDefault), activation: .relu),
    MaxPool2D("pool1", kernel: 2),
    Conv2D(
      "conv2", inputChannels: 32, ConvolutionSpec(channels: 64, kernel: 3, weights: .torchDefault), activation: .relu),
    MaxPool2D("pool2", kernel: 2),
    Dense(
      "dense1", inputs: Shape(n: 1, h: 7, w: 7, c: 64), outputs: Shape(n: 1, h: 1, w: 1, c: 128), activation: .relu,
      initializer: .torchDefault),
    Dense("dense2", inputs: 128, outputs: 10, initializer: .torchDefault),
  ], input: Shape(n: batch, h: 28, w: 28, c: 1), execution: Execution(context: context))
var random = RandomGenerator(seed: 1)
network.initialize(&random)
let optimizer = SGD(rate: 0.05, momentum: 0.9)

func step(_ images: Tensor, _ labels: [Int]) -> Double {
  let (loss, gradient) = softmaxCrossEntropy(logits: network.forward(images, mode: .training()), labels: labels)
  network.backward(gradient, parameters: .overwrite, input: false)
  optimizer.update(network.store, context: context)
  return loss
}

/// Seconds of a step on a batch that is there already.
func secondsPerStep(_ images: Tensor, _ labels: [Int]) -> Double {
  let clock = ContinuousClock()
  let times = (0..<20).map { _ in clock.measure { _ = step(images, labels) } }
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
    let (images, labels) = drawBatch(batch, &random)
    tensors.append(TensorSource("images.\(i)", floats: images.array, shape: [batch, 1, 28, 28]))
    tensors.append(TensorSource("labels.\(i)", integers: labels.map { UInt64($0) }))
    losses.append(Float(step(images, labels)))
  }
  record("end")
  tensors.append(TensorSource("losses", floats: losses, shape: [10]))
  let (images, labels) = drawBatch(batch, &random)
  let seconds = secondsPerStep(images, labels)
  try SafeTensors.write(
    tensors, metadata: ["seconds": "\(seconds)"], to: CommandLine.arguments[1], overwrite: true)
  print("ten steps: loss \(losses[0]) to \(losses[9])")
} else {
  for i in 1...200 {
    let (images, labels) = drawBatch(batch, &random)
    let loss = step(images, labels)
    if i % 40 == 0 { print("step \(i): loss \(loss)") }
  }
  let (images, labels) = drawBatch(1000, &random)
  let logits = network.forward(images, mode: .inference).array
  let read = labels.indices.filter { n in
    let scores = logits[n * 10..<n * 10 + 10]
    return scores.firstIndex(of: scores.max()!)! == n * 10 + labels[n]
  }
  print(
    "\(read.count) of 1000 new digits are read, \(Int(Double(batch) / secondsPerStep(images.images(0..<batch), Array(labels[..<batch])))) images/s in training"
  )
  if read.count < 900 { fatalError("it did not learn to read") }
}
