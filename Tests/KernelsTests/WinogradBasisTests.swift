import Testing

@testable import Kernels

@Suite struct WinogradBasisTests {
  /// y = A^T [(G g) . (B^T d)] for unit vectors g and d is y[i] = 1 where d sits at i + t: the whole bilinear identity.
  @Test(arguments: [WinogradBasis.threeTaps, .fiveTaps, WinogradBasis(points: [1, 2])])
  func bilinearIdentity(_ basis: WinogradBasis) {
    let (input, filter, output) = (basis.inputMatrix, basis.filterMatrix, basis.outputMatrix)
    for t in 0..<basis.taps {
      for position in 0..<basis.size {
        for i in 0..<WinogradBasis.outputs {
          let y = (0..<basis.size).reduce(0.0) { $0 + output[i][$1] * filter[$1][t] * input[$1][position] }
          #expect(abs(y - (position == i + t ? 1 : 0)) < 1e-12, "tap \(t), input \(position), output \(i): \(y)")
        }
      }
    }
  }

  /// With a tap of zero before the others, it holds without the point 0 and without the first input.
  @Test(arguments: [WinogradBasis.threeTaps, .fiveTaps])
  func aPhaseThatLags(_ basis: WinogradBasis) {
    let (input, filter, output) = (basis.inputMatrix, basis.filterMatrix, basis.outputMatrix)
    #expect((1..<basis.size).allSatisfy { input[$0][0] == 0 })
    for t in 1..<basis.taps {
      for position in 1..<basis.size {
        for i in 0..<WinogradBasis.outputs {
          let y = (1..<basis.size).reduce(0.0) { $0 + output[i][$1] * filter[$1][t] * input[$1][position] }
          #expect(abs(y - (position == i + t ? 1 : 0)) < 1e-12, "tap \(t), input \(position), output \(i): \(y)")
        }
      }
    }
  }

  /// With one tap fewer, the identity holds without the point at infinity and without the last input.
  @Test func shorterFilterNeedsNoInfinity() {
    let basis = WinogradBasis.threeTaps
    for t in 0..<(basis.taps - 1) {
      for position in 0..<(basis.size - 1) {
        for i in 0..<WinogradBasis.outputs {
          let y = (0..<(basis.size - 1)).reduce(0.0) {
            $0 + basis.outputMatrix[i][$1] * basis.filterMatrix[$1][t] * basis.inputMatrix[$1][position]
          }
          #expect(abs(y - (position == i + t ? 1 : 0)) < 1e-12)
        }
      }
    }
  }
}
