// Making a picture of any shape square.

/// How a picture that is not square becomes so.
public enum PictureFit: String, Sendable, CaseIterable, Codable {
  /// The largest centred square; the rest is cut off.
  case crop
  /// The whole picture, with the background colour on two sides.
  case pad
  /// The whole picture, distorted.
  case stretch
}

extension Picture {
  /// Writes the picture as [size, size, 3] bytes to `output`, overwriting all of them.
  package func fill(_ output: UnsafeMutablePointer<UInt8>, size: Int, fit: PictureFit, background: RGB) {
    let whole = PixelBox(x: 0, y: 0, width: width, height: height)
    switch fit {
    case .stretch: resample(whole, width: size, height: size, into: output, stride: size * 3)
    case .crop:
      let side = min(width, height)
      let box = PixelBox(x: (width - side) / 2, y: (height - side) / 2, width: side, height: side)
      resample(box, width: size, height: size, into: output, stride: size * 3)
    case .pad:
      for i in 0..<(size * size) {
        output[3 * i] = background.red
        output[3 * i + 1] = background.green
        output[3 * i + 2] = background.blue
      }
      let longer = max(width, height)
      let w = max(1, (width * size + longer / 2) / longer)
      let h = max(1, (height * size + longer / 2) / longer)
      let corner = ((size - h) / 2 * size + (size - w) / 2) * 3
      resample(whole, width: w, height: h, into: output + corner, stride: size * 3)
    }
  }

  /// The picture made square, [size, size, 3].
  public func square(_ size: Int, fit: PictureFit, background: RGB = .midGray) -> Picture {
    let bytes = [UInt8](unsafeUninitializedCapacity: size * size * 3) { buffer, count in
      fill(buffer.baseAddress!, size: size, fit: fit, background: background)
      count = size * size * 3
    }
    return Picture(width: size, height: size, pixels: bytes)
  }
}
