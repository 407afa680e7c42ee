import Testing

@testable import Storage

@Suite struct DataDigestTests {
  private static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { DataDigest.text(of: $0) } }

  /// Expected values from Fixtures/storage/digest.py, which follows the description in `DataDigest` in plain Python.
  @Test(arguments: [
    (0, "cbf29ce484222325"), (1, "50f5570239fd2588"), (63, "fd4fa4595ef4df69"), (64, "c06af89cdd416fc1"),
    (1000, "95abcc3b15925f0a"), (1 << 20, "8e62b415d8cc9f77"), (5_000_003, "83265e410b566517"),
  ]) func agreesWithTheDescription(count: Int, expected: String) {
    #expect(Self.digest((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }) == expected)
  }

  @Test func noticesOrderLengthAndSigns() {
    let zeros = [UInt8](repeating: 0, count: 3 << 20)
    var seen: Set<String> = [Self.digest(zeros)]
    var variants: [[UInt8]] = []
    for count in [1, 8, 63, 64, 65, 1 << 20, (1 << 20) + 1, 2 << 20] { variants.append(Array(zeros[..<count])) }
    // Two signs of Floats in the same lane: sums of products alone would let them cancel.
    for pair in [(3, 67), (7, 71), (7, 1 << 20 | 7)] {
      var bytes = zeros
      bytes[pair.0] = 0x80
      bytes[pair.1] = 0x80
      variants.append(bytes)
    }
    for variant in variants { #expect(seen.insert(Self.digest(variant)).inserted) }
  }
}
