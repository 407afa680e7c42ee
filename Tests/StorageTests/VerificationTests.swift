import Storage
import Testing

/// Is a file as it was written? Every kind of damage, and what of it matters to whom.
@Suite struct VerificationTests {
  /// Three blocks and a half: counts, `generator.*` in the first two blocks, `discriminator.*` behind.
  private static func sound() throws -> [UInt8] {
    let directory = try TemporaryFolder()
    try SafeTensors.write(
      [
        TensorSource("generator.count", integers: [3], shape: []),
        TensorSource("generator.weight", floats: (0..<300_000).map { Float($0) }, shape: [300_000]),
        TensorSource("discriminator.weight", floats: (0..<600_000).map { Float($0) }, shape: [3, 200_000]),
      ], metadata: ["format": "pt", "text": "quote \" slash \\ newline \n \u{1}é🐈"], to: directory("a"),
      overwrite: false)
    return try #require(contents(directory("a")))
  }

  private static let generator = ["generator.count", "generator.weight"]

  private func isRefused(_ file: SafeTensors, _ names: [String]? = nil) -> Bool {
    do {
      if let names { try file.verify(names) } else { try file.verifyDigest() }
      return false
    } catch {
      #expect(error.description.contains("is damaged"), "\(error)")
      return true
    }
  }

  private func header(_ bytes: [UInt8]) -> Range<Int> { 8..<8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) } }

  @Test func aSoundFilePasses() throws {
    let file = try open(Self.sound())
    try file.verifyDigest()
    try file.verify(file.names)
    try file.verify([])
    let check = Verification(of: Self.generator, in: file)
    try check.result()
    #expect(throws: StorageError.self) { try file.verify(["missing"]) }
  }

  /// A flipped bit in the blocks of a tensor is found; elsewhere it is none of this tensor's business.
  @Test func bitsOfTheData() throws {
    let sound = try Self.sound()
    let start = header(sound).upperBound
    // The generator's 1,200,008 bytes end in the second block of 2^20, which begins with some of its own.
    for (place, isGenerators) in [
      (0, true), (7, true), (8, true), (1_048_575, true), (1_048_576, true), (1_200_007, true), (2_097_151, true),
      (2_097_152, false), (3_600_000, false), (sound.count - 1 - start, false),
    ] {
      var bytes = sound
      bytes[start + place] ^= 0x10
      let file = try open(bytes)
      #expect(isRefused(file), "byte \(place)")
      #expect(isRefused(file, ["discriminator.weight"]) == (place >= 1_048_576), "byte \(place)")
      #expect(isRefused(file, Self.generator) == isGenerators, "byte \(place)")
      if isGenerators {
        let check = Verification(of: Self.generator, in: file)
        #expect(throws: StorageError.self) { try check.result() }
        #expect(throws: StorageError.self) { try check.result() }
      }
    }
  }

  /// Every byte of the header, changed in three ways: refused as no header or as damaged, unless it says what it said, or
  /// the changed byte is in the name of a digest, which then counts as another program's.
  @Test func bytesOfTheHeader() throws {
    let sound = try Self.sound()
    let original = try open(sound)
    var damaged = 0
    for place in header(sound) {
      for change in [0x01, 0x20, 0x80] as [UInt8] {
        var bytes = sound
        bytes[place] ^= change
        guard let file = try? open(bytes) else { continue }
        let refusals = [isRefused(file), isRefused(file, file.names)]
        if refusals == [true, true] {
          damaged += 1
          continue
        }
        let isSame =
          file.names == original.names && file.metadata == original.metadata
          && file.names.allSatisfy {
            file.shape(of: $0) == original.shape(of: $0) && file.dtype(of: $0) == original.dtype(of: $0)
          }
        let lacksDigest = Set(original.metadata.keys).subtracting(file.metadata.keys).allSatisfy {
          $0.hasPrefix("catgan.digest")
        }
        #expect(isSame || lacksDigest && file.names == original.names, "byte \(place), change \(change)")
      }
    }
    #expect(damaged > 100)
  }

  /// Files of other programs have no digest, those of version 0.1.0 that of the data alone.
  @Test func filesWithFewerDigests() throws {
    let tensors =
      "\"generator.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      + "\"rest\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}"
    let none = try open(file("{\(tensors)}", data: 11))
    try none.verify(none.names)
    let metadata = "{\"__metadata__\":{\"catgan.digest\":\"\(none.digest())\"},\(tensors)}"
    let old = try open(file(metadata, data: 11))
    try old.verify(["generator.weight"])
    // All of it is checked, whatever is asked for.
    for place in 0..<11 {
      var bytes = file(metadata, data: 11)
      bytes[bytes.count - 1 - place] = 1
      #expect(isRefused(try open(bytes), ["generator.weight"]))
    }
  }

  /// A list of blocks' digests of another length or of other digits.
  @Test func listsThatDoNotBelongToTheDigest() throws {
    let tensor = "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}"
    let digest = try open(file("{\(tensor)}", data: 1)).digest()
    for list in ["", "0", "zzzzzzzzzzzzzzzz", digest, digest + digest, String(repeating: "0", count: 15) + "é"] {
      let header = "{\"__metadata__\":{\"catgan.digest\":\"\(digest)\",\"catgan.digest.blocks\":\"\(list)\"},\(tensor)}"
      #expect(isRefused(try open(file(header, data: 1)), ["a"]), "\(list)")
    }
  }

  /// A header that grows when it is written anew.
  @Test func escapesThatBecomeLonger() throws {
    let text = String(repeating: "\\b", count: 3 << 20)
    let header = "{\"__metadata__\":{\"catgan.digest.header\":\"0\",\"x\":\"\(text)\"}}"
    #expect(isRefused(try open(file(header))))
  }
}
