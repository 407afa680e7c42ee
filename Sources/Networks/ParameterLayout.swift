/// The layout of a parameter in memory (channels last) and in a file (PyTorch's layout), and the way between them.
public enum ParameterLayout: Hashable, Sendable {
  /// [count] in both.
  case vector(Int)
  /// Memory [kh, kw, inputs, outputs] of the forward convolution, file [outputs, inputs, kh, kw]. For a transposed
  /// convolution this is PyTorch's [in, out, kh, kw], as its input is the forward convolution's output.
  case filter(kernelHeight: Int, kernelWidth: Int, inputs: Int, outputs: Int)
  /// Memory [inputs, outputs], file [outputs, inputs]. Inputs and outputs that are images (h, w, c) run h, w, c in
  /// memory and c, h, w in the file, which is what PyTorch's flatten and view mean.
  case dense(inputs: Shape, outputs: Shape)
  /// Memory h, w, c, file c, h, w: the bias of a dense layer that makes images.
  case picture(Shape)

  /// - Precondition: it is no more than an Int holds; `checkedCount` is of any sizes.
  public var count: Int { checkedCount! }

  /// nil where it is more than an Int holds.
  public var checkedCount: Int? {
    switch self {
    case .vector(let count): count
    case .filter(let kh, let kw, let inputs, let outputs): Limits.product([kh, kw, inputs, outputs])
    case .dense(let inputs, let outputs):
      Limits.product([inputs.h, inputs.w, inputs.c, outputs.h, outputs.w, outputs.c])
    case .picture(let shape): Limits.product([shape.h, shape.w, shape.c])
    }
  }

  /// The shape that a file states.
  public var fileShape: [Int] {
    switch self {
    case .vector(let count): [count]
    case .filter(let kh, let kw, let inputs, let outputs): [outputs, inputs, kh, kw]
    case .dense(let inputs, let outputs): [outputs.elements, inputs.elements]
    case .picture(let shape): [shape.elements]
    }
  }

  /// Copies memory order to file order; both hold `count` floats and do not overlap.
  public func toFile(_ memory: UnsafePointer<Float>, _ file: UnsafeMutablePointer<Float>) {
    forEachRun { memoryStart, memoryStep, fileStart, fileStep, length in
      for i in 0..<length { file[fileStart &+ i &* fileStep] = memory[memoryStart &+ i &* memoryStep] }
    }
  }

  /// Copies file order to memory order; both hold `count` floats and do not overlap.
  public func toMemory(_ file: UnsafePointer<Float>, _ memory: UnsafeMutablePointer<Float>) {
    forEachRun { memoryStart, memoryStep, fileStart, fileStep, length in
      for i in 0..<length { memory[memoryStart &+ i &* memoryStep] = file[fileStart &+ i &* fileStep] }
    }
  }

  /// Visits the elements as runs with constant steps on both sides, in an order that writes and reads both sides in
  /// nearby places: outputs in tiles, as a plain transposition would touch a new page for every element.
  @inline(__always)
  private func forEachRun(
    _ body: (_ memoryStart: Int, _ memoryStep: Int, _ fileStart: Int, _ fileStep: Int, _ length: Int) -> Void
  ) {
    let tile = 16
    switch self {
    case .vector(let count): body(0, 1, 0, 1, count)
    case .picture(let shape):
      for c in 0..<shape.c { body(c, shape.c, c * shape.h * shape.w, 1, shape.h * shape.w) }
    case .filter(let kh, let kw, let inputs, let outputs):
      let taps = kh * kw
      for first in stride(from: 0, to: outputs, by: tile) {
        for input in 0..<inputs {
          for tap in 0..<taps {
            body(
              (tap * inputs + input) * outputs + first, 1, (first * inputs + input) * taps + tap, inputs * taps,
              min(tile, outputs - first))
          }
        }
      }
    case .dense(let inputs, let outputs):
      for input in 0..<inputs.elements {
        let fileInput = inputs.planarIndex(ofPacked: input)
        for first in stride(from: 0, to: outputs.c, by: tile) {
          for position in 0..<outputs.h * outputs.w {
            body(
              input * outputs.elements + position * outputs.c + first, 1,
              (first * outputs.h * outputs.w + position) * inputs.elements + fileInput,
              outputs.h * outputs.w * inputs.elements, min(tile, outputs.c - first))
          }
        }
      }
    }
  }
}

extension Shape {
  /// Index in c, h, w order of the element with index `i` in h, w, c order.
  func planarIndex(ofPacked i: Int) -> Int { (i % c) * h * w + i / c }
}
