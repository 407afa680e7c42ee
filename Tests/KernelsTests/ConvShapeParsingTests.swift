import Foundation
import Testing

@testable import Kernels

@Suite struct ConvShapeParsingTests {
  @Test func readsEveryPartInItsPlace() throws {
    let shape = try ConvShape(parsing: "n2 9x11x3 -> 5x4x7 k4x5 s2 p1,0,2,1")
    let expected = ConvShape(
      batch: 2, height: 9, width: 11, inputChannels: 3, outputChannels: 7,
      window: Window(
        kernel: Extent(4, 5), stride: 2, padding: .explicit(Pads(top: 1, left: 0, bottom: 2, right: 1))))
    #expect(shape == expected)
    let differing = try ConvShape(parsing: "n2 9x8x5 -> 4x6x7 k3x3 s2x1 p0,0,0,0")
    #expect(differing.strideHeight == 2 && differing.strideWidth == 1)
  }

  @Test(arguments: [("dcgan", 20), ("tails", 73)]) func listsSurviveTheRoundTrip(_ name: String, _ count: Int) throws {
    let list = try shapes(name)
    #expect(list.count == count)
    for shape in list { #expect(try ConvShape(parsing: shape.description) == shape) }
  }

  @Test func dcganListIsTheRecipe() throws {
    let list = try shapes("dcgan")
    #expect(
      list[0]
        == .same(
          batch: 64, height: 16, width: 16, inputChannels: 512, outputChannels: 1024, kernel: 5, stride: 2))
    // About 54.6 GFLOP per image and training step at 128 pixels: G's layers take 3 passes, D's 3 for the reals, 3 for
    // the fakes and 2 in G's step. The dense layers, not listed, are below 0.2% of it; every layer but D.conv1 is more.
    let generator = list[0..<5].reduce(0) { $0 + $1.flops } / 64
    let discriminator = list[5..<10].reduce(0) { $0 + $1.flops } / 64
    #expect(abs((3 * generator + 8 * discriminator) / 54.6e9 - 1) < 0.005)
  }

  @Test(arguments: [
    ("", "seven parts"),
    ("n1 4x4x3 -> 4x4x8 k3x3 s1", "seven parts"),
    ("n1 4x4x3 => 4x4x8 k3x3 s1 p1,1,1,1", "the third of them ->"),
    ("1 4x4x3 -> 4x4x8 k3x3 s1 p1,1,1,1", "\"1\" should be nN"),
    ("n0 4x4x3 -> 4x4x8 k3x3 s1 p1,1,1,1", "N in 1...65536"),
    ("n1 4x4 -> 4x4x8 k3x3 s1 p1,1,1,1", "\"4x4\" should be NxNxN"),
    ("n1 4x4x3 -> 4x4x8 k3 s1 p1,1,1,1", "\"k3\" should be kNxN"),
    ("n1 4x4x3 -> 4x4x8 k3x3 s0 p1,1,1,1", "\"s0\" should be sN"),
    ("n1 4x4x3 -> 4x4x8 k3x3 s1 p1,1,1", "pN,N,N,N"),
    ("n1 4x4x3 -> 4x4x8 k3x3 s1 p1,-1,1,1", "N in 0...65536"),
    ("n1 4x4x3 -> 4x4x8 k3x3 s1 p1,1,1,", "pN,N,N,N"),
    ("n99999999999999999999 4x4x3 -> 4x4x8 k3x3 s1 p1,1,1,1", "N in 1...65536"),
    ("n1 4x4x3 -> 1x1x8 k7x7 s1 p1,1,1,1", "kernel is larger"),
    ("n1 4x4x3 -> 4x5x8 k3x3 s1 p1,1,1,1", "should be 4x4x8"),
  ]) func refusesWithTheReason(_ text: String, _ reason: String) throws {
    let error = try #require(throws: ConvShapeError.self) { try ConvShape(parsing: text) }
    #expect(error.description.contains(reason), "\(error)")
    #expect(error.description.contains("\"\(text)\""))
  }
}
