// libFuzzer's entry for pictures: any bytes give a picture or a reason, within the limits, never a crash.
// Built by scripts/fuzz together with Sources/Images and Sources/ImageFormats, not by the package, whose normal builds have no fuzzer runtime.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPicture(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let data = Array(UnsafeBufferPointer(start: start, count: count))
  // Small limits find as much and try more per second.
  var limits = PictureLimits()
  limits.pixels = 1 << 20
  limits.scanPixels = 1 << 22
  for shorterSide in [nil, 8] {
    guard let picture = try? PictureReader.decode(data, shorterSide: shorterSide, limits: limits) else { continue }
    precondition(picture.width * picture.height <= limits.pixels)
    precondition(picture.square(8, fit: .crop).pixels.count == 8 * 8 * 3)
  }
  return 0
}
