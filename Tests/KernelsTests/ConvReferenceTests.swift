import Testing

@testable import Kernels

@Suite struct ConvReferenceTests {
  /// Single sums are the plain loops' values, at every position of small shapes with awkward edges.
  @Test(arguments: ConvPass.allCases, [1, 2, 3])
  func singleValuesAgreeWithWholeResults(pass: ConvPass, stride: Int) {
    let shape = ConvShape.same(
      batch: 2, height: 6, width: 5, inputChannels: 3, outputChannels: 4, kernel: 5, stride: stride)
    var noise = Noise(state: 3)
    let input = Buffer(noise.floats(shape.inputCount))
    let filter = Buffer(noise.floats(shape.filterCount))
    let output = Buffer(noise.floats(shape.outputCount))
    let expected =
      switch pass {
      case .forward: ConvReference.forward(shape, input: input.array, filter: filter.array)
      case .backwardData: ConvReference.backwardData(shape, outputGradient: output.array, filter: filter.array)
      case .backwardFilter: ConvReference.backwardFilter(shape, input: input.array, outputGradient: output.array)
      }
    let operands = ConvReference.Operands(shape, input: input, filter: filter, output: output)
    let result = operands.result(pass)
    #expect(result.count == expected.count)
    for index in expected.indices {
      #expect((operands.value(pass, at: index) - expected[index]).magnitude < 1e-12, "\(pass) of \(shape) at \(index)")
    }

    for (index, value) in expected.enumerated() { result.pointer[index] = Float(value) }
    let all = Array(expected.indices)
    #expect(operands.error(pass, at: all) < 1e-6)
    result.pointer[expected.count - 1] += 0.01
    #expect(operands.error(pass, at: all) > 1e-3)
    result.pointer[0] = .nan
    #expect(operands.error(pass, at: all) == .infinity)
  }
}
