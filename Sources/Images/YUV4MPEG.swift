/// A film as uncompressed YUV4MPEG2 (y4m; the format of mjpegtools, yuv4mpeg(5)), which video encoders read from a pipe.
///
/// The pictures' R'G'B' become Y'CbCr of ITU-R BT.601, which is what readers take for pictures of this size where a format
/// has no word for the matrix, in the limited range, with all chroma samples (4:4:4). With R, G, B in 0...255:
///
///     Y  =  16 + 219 (0.299 R + 0.587 G + 0.114 B) / 255
///     Cb = 128 + 224 (B - L) / (1.772 * 255),  L = 0.299 R + 0.587 G + 0.114 B
///     Cr = 128 + 224 (R - L) / (1.402 * 255)
///
/// each rounded to the nearest whole number. 219 and 224 levels cannot hold 256, so that colours come back within two
/// levels and not as the same bytes.
public enum YUV4MPEG {
  /// The header.
  public static func header(width: Int, height: Int, framesPerSecond: Int) -> [UInt8] {
    Array("YUV4MPEG2 W\(width) H\(height) F\(framesPerSecond):1 Ip A1:1 C444 XCOLORRANGE=LIMITED\n".utf8)
  }

  /// One frame: its marker, then all of Y, of Cb and of Cr.
  /// - Parameter pixels: [height, width, 3].
  public static func frame(_ pixels: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    precondition(pixels.count % 3 == 0)
    let count = pixels.count / 3
    let marker = "FRAME\n".utf8
    return [UInt8](unsafeUninitializedCapacity: marker.count + 3 * count) { buffer, initialized in
      _ = buffer.initialize(fromContentsOf: marker)
      for i in 0..<count {
        let (red, blue) = (Float(pixels[3 * i]), Float(pixels[3 * i + 2]))
        let luma = 0.299 * red + 0.587 * Float(pixels[3 * i + 1]) + 0.114 * blue
        let place = marker.count + i
        // All are positive, so that adding a half and cutting off rounds.
        buffer[place] = UInt8(16.5 + luma * (219 / 255))
        buffer[place + count] = UInt8(128.5 + (blue - luma) * (224 / (1.772 * 255)))
        buffer[place + 2 * count] = UInt8(128.5 + (red - luma) * (224 / (1.402 * 255)))
      }
      initialized = marker.count + 3 * count
    }
  }
}
