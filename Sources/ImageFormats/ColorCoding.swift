// From the colours that a file's numbers stand for to sRGB, with Little CMS.
//
// Viewers do the same: with the profile's perceptual table where it has one, by its primaries and curves otherwise.

import CLittleCMS
import Images

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a file says of the meaning of its samples.
enum ColorCoding {
  /// Nothing, or that they are sRGB.
  case sRGB
  /// An ICC profile.
  case profile([UInt8])
  /// Light is proportional to the sample to the power of `exponent`; `chromaticities` are those of the white point, red,
  /// green and blue, x and y each, or empty for those of sRGB.
  case power(exponent: Double, chromaticities: [Double])

  /// The samples' colours as sRGB [height, width, 3], or nil where they are that already.
  /// - Throws: `PictureError` where the profile is damaged or of another kind than the samples.
  func sRGB(_ samples: Samples) throws(PictureError) -> [UInt8]? {
    switch self {
    case .sRGB: return nil
    case .profile(let bytes):
      guard let profile = Profile(bytes) else { throw Self.damaged }
      guard let model = profile.model else {
        throw PictureError("has a colour profile that is for no picture, which is passed over")
      }
      if profile.isSRGB, samples.model != .inks { return nil }
      switch (samples.model, model) {
      case (.gray, .rgb):
        return try profile.convert(
          samples.bytes, pixels: samples.width * samples.height, from: samples, repeatingGray: true)
      case (let a, let b) where a == b:
        return try profile.convert(samples.bytes, pixels: samples.width * samples.height, from: samples)
      default: throw PictureError("has a colour profile for another kind of picture, which is passed over")
      }
    case .power(let exponent, let chromaticities):
      // Nobody sees the difference of 2.2 and sRGB's curve in a picture that was made on a screen of either.
      let isUsual = abs(exponent / 2.2 - 1) < 0.025
      let primaries = samples.model == .rgb ? chromaticities : []
      let isNear = zip(primaries, Self.sRGBChromaticities).allSatisfy { abs($0 - $1) < 0.005 }
      if isUsual && isNear { return nil }
      guard let profile = Profile(exponent: exponent, chromaticities: primaries, isGray: samples.model == .gray) else {
        throw PictureError("has primary colours that make no sense, which are passed over")
      }
      return try profile.convert(samples.bytes, pixels: samples.width * samples.height, from: samples)
    }
  }

  fileprivate static let damaged = PictureError("has a damaged colour profile, which is passed over")

  /// ITU-R BT.709's, with the white point D65.
  fileprivate static let sRGBChromaticities = [0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06]
}

/// A profile that Little CMS has opened.
private final class Profile {
  private let handle: cmsHPROFILE

  init?(_ bytes: [UInt8]) {
    guard let handle = cmsOpenProfileFromMem(bytes, UInt32(bytes.count)) else { return nil }
    self.handle = handle
  }

  init?(exponent: Double, chromaticities: [Double], isGray: Bool) {
    guard let curve = cmsBuildGamma(nil, exponent) else { return nil }
    defer { cmsFreeToneCurve(curve) }
    let c = chromaticities.isEmpty ? ColorCoding.sRGBChromaticities : chromaticities
    func point(_ i: Int) -> cmsCIExyY { cmsCIExyY(x: c[2 * i], y: c[2 * i + 1], Y: 1) }
    var white = point(0)
    var primaries = cmsCIExyYTRIPLE(Red: point(1), Green: point(2), Blue: point(3))
    var curves: [OpaquePointer?] = [curve, curve, curve]
    let made =
      isGray ? cmsCreateGrayProfile(cmsD50_xyY(), curve) : cmsCreateRGBProfile(&white, &primaries, &curves)
    guard let made else { return nil }
    handle = made
  }

  deinit { cmsCloseProfile(handle) }

  /// What the profile is for; nil where that is no picture.
  var model: Samples.Model? {
    switch cmsGetDeviceClass(handle) {
    case cmsSigInputClass, cmsSigDisplayClass, cmsSigOutputClass, cmsSigColorSpaceClass: break
    default: return nil
    }
    switch cmsGetColorSpace(handle) {
    case cmsSigGrayData: return .gray
    case cmsSigRgbData: return .rgb
    case cmsSigCmykData: return .inks
    default: return nil
    }
  }

  /// Whether the profile is made of sRGB's primaries and curve, or of its curve for gray, within a level of 255. Most
  /// profiles are, and asking costs less than a conversion.
  var isSRGB: Bool {
    if cmsIsTag(handle, cmsSigAToB0Tag) != 0 || cmsIsTag(handle, cmsSigDToB0Tag) != 0 { return false }
    switch model {
    case .gray: return hasCurve(cmsSigGrayTRCTag)
    case .rgb:
      // Relative to D50, as IEC 61966-2-1's own profile has them.
      let wanted = [(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)]
      let tags = [cmsSigRedColorantTag, cmsSigGreenColorantTag, cmsSigBlueColorantTag]
      for (tag, (x, y, z)) in zip(tags, wanted) {
        guard let found = cmsReadTag(handle, tag)?.assumingMemoryBound(to: cmsCIEXYZ.self).pointee,
          abs(found.X - x) < 0.002, abs(found.Y - y) < 0.002, abs(found.Z - z) < 0.002
        else { return false }
      }
      return [cmsSigRedTRCTag, cmsSigGreenTRCTag, cmsSigBlueTRCTag].allSatisfy(hasCurve)
    default: return false
    }
  }

  private func hasCurve(_ tag: cmsTagSignature) -> Bool {
    guard let curve = cmsReadTag(handle, tag).map({ OpaquePointer($0) }) else { return false }
    return (0...16).allSatisfy { i in
      let code = Double(i) / 16
      let light = Double(cmsEvalToneCurveFloat(curve, Float(code)))
      let coded = light <= 0.003_130_8 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055
      return abs(coded - code) < 1.0 / 255
    }
  }

  /// `samples`' colours as sRGB of 8 bits.
  /// - Parameter repeatingGray: take gray for RGB of three equal parts, as a profile for RGB wants it.
  func convert(
    _ bytes: [UInt8], pixels: Int, from samples: Samples, repeatingGray: Bool = false
  ) throws(PictureError) -> [UInt8] {
    let size = samples.isDeep ? 2 : 1
    let channels = repeatingGray ? 3 : samples.model.rawValue
    let input = clcms_format(Int32(channels), repeatingGray || !samples.hasAlpha ? 0 : 1, Int32(size))
    guard let target = cmsCreate_sRGBProfile() else { throw ColorCoding.damaged }
    defer { cmsCloseProfile(target) }
    // The library would put a table of few points in the place of exact curves: for 16 bits it is off by five levels in the
    // dark, and for inks its making takes longer than a small picture does without.
    let isExact = samples.isDeep || (samples.model == .inks && pixels < 1 << 16)
    let flags = UInt32(cmsFLAGS_NOCACHE) | (isExact ? UInt32(cmsFLAGS_NOOPTIMIZE) : 0)
    guard
      let transform = cmsCreateTransform(
        handle, input, target, clcms_format(3, 0, 1), UInt32(INTENT_PERCEPTUAL), flags)
    else { throw ColorCoding.damaged }
    defer { cmsDeleteTransform(transform) }
    return [UInt8](unsafeUninitializedCapacity: pixels * 3) { output, count in
      if repeatingGray {
        // A level has one colour only.
        let levels = samples.isDeep ? 65_536 : 256
        let table = Self.table(transform, levels: levels)
        bytes.withUnsafeBytes { input in
          for i in 0..<pixels {
            let at = i * samples.channels * size
            let level =
              samples.isDeep ? Int(input.loadUnaligned(fromByteOffset: at, as: UInt16.self)) : Int(input[at])
            for c in 0..<3 { output[3 * i + c] = table[3 * level + c] }
          }
        }
      } else {
        // In parts, as the library counts in 32 bits.
        let part = 1 << 20
        bytes.withUnsafeBytes { input in
          for first in stride(from: 0, to: pixels, by: part) {
            cmsDoTransform(
              transform, input.baseAddress! + first * samples.channels * size, output.baseAddress! + 3 * first,
              UInt32(min(part, pixels - first)))
          }
        }
      }
      count = pixels * 3
    }
  }

  /// sRGB [levels, 3] of equal parts of red, green and blue.
  private static func table(_ transform: cmsHTRANSFORM, levels: Int) -> [UInt8] {
    var table = [UInt8](repeating: 0, count: levels * 3)
    if levels == 256 {
      let ramp = (0..<levels * 3).map { UInt8($0 / 3) }
      cmsDoTransform(transform, ramp, &table, UInt32(levels))
    } else {
      let ramp = (0..<levels * 3).map { UInt16($0 / 3) }
      cmsDoTransform(transform, ramp, &table, UInt32(levels))
    }
    return table
  }
}
