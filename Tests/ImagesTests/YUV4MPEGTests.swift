import Images
import Testing

/// Y'CbCr of ITU-R BT.601 against its definition in Double and against the colour bars that everybody knows.
@Suite struct YUV4MPEGTests {
  @Test func knownColours() {
    let colours: [([UInt8], [UInt8])] = [
      ([0, 0, 0], [16, 128, 128]), ([255, 255, 255], [235, 128, 128]), ([255, 0, 0], [81, 90, 240]),
      ([0, 255, 0], [145, 54, 34]), ([0, 0, 255], [41, 240, 110]),
    ]
    let frame = colours.flatMap(\.0).withUnsafeBufferPointer(YUV4MPEG.frame)
    #expect(Array(frame.prefix(6)) == Array("FRAME\n".utf8))
    for plane in 0..<3 {
      #expect(Array(frame[(6 + 5 * plane)..<(11 + 5 * plane)]) == colours.map { $0.1[plane] })
    }
  }

  /// Single precision may round half a level the other way, and no more.
  @Test func definition() {
    let levels = stride(from: 0, through: 255, by: 15).map { UInt8($0) }
    let pixels = levels.flatMap { r in levels.flatMap { g in levels.flatMap { b in [r, g, b] } } }
    let frame = pixels.withUnsafeBufferPointer(YUV4MPEG.frame)
    let count = pixels.count / 3
    var worst = 0.0
    for i in 0..<count {
      let (r, g, b) = (Double(pixels[3 * i]), Double(pixels[3 * i + 1]), Double(pixels[3 * i + 2]))
      let luma = 0.299 * r + 0.587 * g + 0.114 * b
      let exact = [
        16 + 219 * luma / 255, 128 + 224 * (b - luma) / (1.772 * 255), 128 + 224 * (r - luma) / (1.402 * 255),
      ]
      for plane in 0..<3 { worst = max(worst, abs(Double(frame[6 + plane * count + i]) - exact[plane])) }
    }
    #expect(worst <= 0.5 + 1e-4)
  }

  @Test func header() {
    let header = YUV4MPEG.header(width: 64, height: 48, framesPerSecond: 24)
    #expect(header == Array("YUV4MPEG2 W64 H48 F24:1 Ip A1:1 C444 XCOLORRANGE=LIMITED\n".utf8))
  }
}
