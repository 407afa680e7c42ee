// What a decoder found in a file, before it is a picture: gray, RGB or inks, 8 or 16 bits, with or without transparency,
// in the file's own colours. Every format takes this way to RGB.

import Images

/// A file's samples as they are stored, [height, width, channels].
struct Samples {
  /// How many of the channels are colours: 1 for gray, 3 for RGB, 4 for cyan, magenta, yellow and black.
  enum Model: Int {
    case gray = 1
    case rgb = 3
    /// Stored as 255 minus the ink, as JPEG files do.
    case inks = 4
  }

  let width: Int
  let height: Int
  let model: Model
  /// One more channel behind the colours: 0 is transparent.
  let hasAlpha: Bool
  /// 16 bits in this machine's byte order, or 8.
  let isDeep: Bool
  let bytes: [UInt8]

  init(width: Int, height: Int, model: Model, hasAlpha: Bool = false, isDeep: Bool = false, bytes: [UInt8]) {
    precondition(bytes.count == width * height * (model.rawValue + (hasAlpha ? 1 : 0)) * (isDeep ? 2 : 1))
    self.width = width
    self.height = height
    self.model = model
    self.hasAlpha = hasAlpha
    self.isDeep = isDeep
    self.bytes = bytes
  }

  var channels: Int { model.rawValue + (hasAlpha ? 1 : 0) }

  /// The picture in sRGB, transparency laid over `background`.
  /// - Parameters:
  ///   - coding: what the samples mean; what cannot be applied to them is told to `note` and passed over.
  func picture(coding: ColorCoding, background: RGB, note: (String) -> Void) -> Picture {
    var colors: [UInt8]?
    do {
      colors = try coding.sRGB(self)
    } catch {
      note(error.description)
    }
    let pixels = colors ?? rgb
    return Picture(width: width, height: height, pixels: hasAlpha ? lay(pixels, over: background) : pixels)
  }

  /// Colours as RGB of 8 bits, their coding left as it is.
  private var rgb: [UInt8] {
    if model == .rgb, !hasAlpha, !isDeep { return bytes }
    return [UInt8](unsafeUninitializedCapacity: width * height * 3) { output, count in
      count = width * height * 3
      if isDeep {
        bytes.withUnsafeBytes { expand($0.bindMemory(to: UInt16.self).baseAddress!, into: output.baseAddress!) }
      } else {
        bytes.withUnsafeBufferPointer { expand($0.baseAddress!, into: output.baseAddress!) }
      }
    }
  }

  private func expand<Sample: FixedWidthInteger>(
    _ input: UnsafePointer<Sample>, into output: UnsafeMutablePointer<UInt8>
  ) {
    let channels = channels
    func byte(_ sample: Sample) -> UInt8 {
      Sample.bitWidth == 8 ? UInt8(truncatingIfNeeded: sample) : UInt8((Int(sample) + 128) / 257)
    }
    for i in 0..<(width * height) {
      let pixel = input + i * channels
      switch model {
      case .gray:
        let level = byte(pixel[0])
        for c in 0..<3 { output[3 * i + c] = level }
      case .rgb: for c in 0..<3 { output[3 * i + c] = byte(pixel[c]) }
      case .inks:
        // Red is what cyan and black leave of the light.
        for c in 0..<3 { output[3 * i + c] = UInt8((Int(byte(pixel[c])) * Int(byte(pixel[3])) + 127) / 255) }
      }
    }
  }

  /// Mixes the coded values, not linear light, as browsers do.
  private func lay(_ pixels: [UInt8], over background: RGB) -> [UInt8] {
    let below = [Int(background.red), Int(background.green), Int(background.blue)]
    let (channels, size) = (channels, isDeep ? 2 : 1)
    return bytes.withUnsafeBytes { samples in
      [UInt8](unsafeUninitializedCapacity: pixels.count) { output, count in
        for i in 0..<(pixels.count / 3) {
          let at = (i * channels + channels - 1) * size
          let alpha =
            isDeep
            ? (Int(samples.loadUnaligned(fromByteOffset: at, as: UInt16.self)) + 128) / 257 : Int(samples[at])
          for c in 0..<3 {
            output[3 * i + c] = UInt8((Int(pixels[3 * i + c]) * alpha + below[c] * (255 - alpha) + 127) / 255)
          }
        }
        count = pixels.count
      }
    }
  }
}
