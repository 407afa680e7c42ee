// Bytes to the numbers that the networks see.

extension Dataset {
  /// Writes the pictures `indices` as Float [indices.count, size, size, 3] in [-1, 1] (byte / 127.5 - 1),
  /// overwriting `output`.
  ///
  /// - Parameter mirrored: for each picture, whether left and right are exchanged; empty for none.
  /// - Precondition: every index is below `count`, and `mirrored` is empty or as long as `indices`.
  public func fillBatch(_ indices: [Int], mirrored: [Bool] = [], into output: UnsafeMutablePointer<Float>) {
    precondition(mirrored.isEmpty || mirrored.count == indices.count, "one mirror flag per picture")
    precondition(indices.allSatisfy { (0..<count).contains($0) }, "a picture index out of range")
    let values = (0..<256).map { Float($0) / 127.5 - 1 }
    let bytes = size * size * 3
    values.withUnsafeBufferPointer { values in
      pixels.withUnsafeBufferPointer { pixels in
        for (n, index) in indices.enumerated() {
          let input = pixels.baseAddress! + index * bytes
          let to = output + n * bytes
          if mirrored.isEmpty || !mirrored[n] {
            for i in 0..<bytes { to[i] = values[Int(input[i])] }
          } else {
            for y in 0..<size {
              for x in 0..<size {
                let (left, right) = ((y * size + x) * 3, (y * size + size - 1 - x) * 3)
                for c in 0..<3 { to[left + c] = values[Int(input[right + c])] }
              }
            }
          }
        }
      }
    }
  }
}
