/// Why a text is not a convolution shape: the text, and what is wrong with it.
public struct ConvShapeError: Error, CustomStringConvertible {
  public let description: String
}

// The inverse of `ConvShape.description`.
extension ConvShape {
  /// Reads the canonical form, `n64 32x32x256 -> 16x16x512 k5x5 s2 p1,1,2,2`; extra spaces are allowed.
  ///
  /// - Throws: `ConvShapeError` where a part is missing or not a number in 1...65536 (0... for padding), where the
  ///   kernel does not fit into the padded input, or where the output's size is not the one that follows.
  public init(parsing text: some StringProtocol) throws(ConvShapeError) {
    func fail(_ reason: String) -> ConvShapeError {
      ConvShapeError(
        description: "\"\(text)\" is not a convolution shape: \(reason); "
          + "write it like \"n64 32x32x256 -> 16x16x512 k5x5 s2 p1,1,2,2\"")
    }
    func numbers(
      _ part: some StringProtocol, _ prefix: String, _ count: Int, separator: Character, atLeast least: Int = 1
    ) throws(ConvShapeError) -> [Int] {
      let pieces = part.dropFirst(prefix.count).split(separator: separator, omittingEmptySubsequences: false)
      let values = pieces.compactMap { Int($0) }.filter { $0 >= least && $0 <= 65536 }
      guard part.hasPrefix(prefix), pieces.count == count, values.count == count else {
        let form = prefix + Array(repeating: "N", count: count).joined(separator: String(separator))
        throw fail("\"\(part)\" should be \(form) with N in \(least)...65536")
      }
      return values
    }
    let parts = text.split(separator: " ")
    guard parts.count == 7, parts[2] == "->" else { throw fail("it should have seven parts, the third of them ->") }
    let batch = try numbers(parts[0], "n", 1, separator: "x")[0]
    let input = try numbers(parts[1], "", 3, separator: "x")
    let output = try numbers(parts[3], "", 3, separator: "x")
    let kernel = try numbers(parts[4], "k", 2, separator: "x")
    let stride = try numbers(parts[5], "s", parts[5].contains("x") ? 2 : 1, separator: "x")
    let pads = try numbers(parts[6], "p", 4, separator: ",", atLeast: 0)
    guard input[0] + pads[0] + pads[2] >= kernel[0], input[1] + pads[1] + pads[3] >= kernel[1] else {
      throw fail("the kernel is larger than the padded input")
    }
    let shape = ConvShape(
      batch: batch, height: input[0], width: input[1], inputChannels: input[2], outputChannels: output[2],
      window: Window(
        kernel: Extent(kernel[0], kernel[1]), stride: Extent(stride[0], stride.last!),
        padding: .explicit(Pads(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]))))
    guard output[0] == shape.outputHeight, output[1] == shape.outputWidth else {
      throw fail("the output should be \(shape.outputHeight)x\(shape.outputWidth)x\(output[2])")
    }
    self = shape
  }
}
