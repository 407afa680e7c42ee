import Foundation
import Storage
import Testing

@Suite struct HostileFileTests {
  /// A small file of ours, with every kind of tensor that a checkpoint has.
  static func small() throws -> [UInt8] {
    let directory = try TemporaryFolder()
    try SafeTensors.write(
      SafeTensorsTests.sources(), metadata: ["format": "pt", "catgan.step": "12"], to: directory("small"),
      overwrite: false)
    return contents(directory("small"))!
  }

  /// No single changed byte goes unnoticed: the header is refused, a tensor is missing or changed in type, or the digest
  /// differs. What a flip may change freely is the text of the metadata other than the digest's own, which
  /// nothing can check, and a tensor's name, which a loader that asks for it by name will miss.
  @Test(arguments: [UInt8(0x01), 0x20, 0x80, 0xff]) func everyByteChanged(mask: UInt8) throws {
    let sound = try Self.small()
    let original = try open(sound)
    var accepted = 0
    for i in sound.indices {
      var bytes = sound
      bytes[i] ^= mask
      do {
        let file = try open(bytes)
        try useAll(file)
        accepted += 1
        let description = { (file: SafeTensors) in
          file.names.sorted().map { "\($0) \(file.dtype(of: $0)?.rawValue ?? "unknown") \(file.shape(of: $0)!)" }
        }
        let sameTensors = description(file) == description(original)
        #expect(!sameTensors || file.metadata != original.metadata, "byte \(i) was changed and nothing noticed it")
      } catch {
        #expect(error is StorageError, "byte \(i): \(error)")
      }
    }
    // The test itself would notice a reader that refuses everything.
    try useAll(original)
    #expect(accepted < sound.count / 2)
  }

  @Test func everyLengthTruncatedOrExtended() throws {
    let sound = try Self.small()
    for length in 0..<sound.count {
      #expect(throws: StorageError.self, "\(length) bytes") { try open(Array(sound[..<length])) }
    }
    #expect(throws: StorageError.self) { try open(sound + [0]) }
    let directory = try TemporaryFolder()
    for length in [0, 1, 8, 9, 100, sound.count - 1] {
      try sound[..<length].withUnsafeBytes {
        try AtomicFile.write(directory("file"), bytes: $0, overwrite: true)
      }
      #expect(throws: StorageError.self, "\(length) bytes") { try SafeTensors(path: directory("file")) }
    }
  }

  /// Each header with a word that the sentence must hold.
  static let refused: [(header: String, data: Int, says: String)] = [
    ("  ", 0, "ends"),
    ("[]", 0, "'{'"),
    ("{} x", 0, "end"),
    ("{}{}", 0, "end"),
    ("{\"a\":1}", 0, "'{'"),
    ("{\"a\"}", 0, "':'"),
    ("{\"a", 0, "ends"),
    ("{\"a\\", 0, "ends"),
    ("{\"\\ud800\":{}}", 0, "surrogate"),
    ("{\"\\ud800\\u0041\":{}}", 0, "surrogate"),
    ("{\"\\x\":{}}", 0, "escape"),
    ("{\"a\":{}}", 0, "lacks"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "lacks"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "lacks"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "lacks"),
    ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "twice"),
    ("{\"a\":{\"dtype\":\"F33\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "impossible"),
    ("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, "impossible"),
    ("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'\"'"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "needs 8"),
    ("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "needs 8"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "whole number"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "not"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "whole number"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e9],\"data_offsets\":[0,4]}}", 4, "not"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 4, "needs 4"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "end at byte 4"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "hole"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "impossible"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, "impossible"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,0]}}", 0, "2^63"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}}", 0, "2^63"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6, "overlaps"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "overlaps"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        + "\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "twice"
    ),
    ("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"),
    ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "twice"),
    ("{\"__metadata__\":{\"a\":1}}", 0, "'\"'"),
    ("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, "'\"'"),
    ("{\"a\u{1}\":{}}", 0, "control"),
    (String(repeating: "{\"a\":", count: 100_000), 0, "deep"),
    ("{\"a\":{\"shape\":" + String(repeating: "[", count: 1_000_000), 0, "whole number"),
  ]

  @Test(arguments: refused.indices) func lyingHeader(index: Int) throws {
    let (header, data, says) = Self.refused[index]
    let error = #expect(throws: StorageError.self) { try open(file(header, data: data)) }
    let text = error?.description ?? ""
    #expect(text.contains(says), "\(text)")
    #expect(text.contains("test.safetensors") && text.hasSuffix("use an intact copy of the file"), "\(text)")
  }

  @Test(arguments: [1, 9, 1 << 20, 1 << 31, 1 << 32, 1 << 62, 1 << 63, UInt64.max, UInt64.max - 7])
  func lyingHeaderLength(length: UInt64) {
    #expect(throws: StorageError.self) { try open(file(header: Array("{}      ".utf8), length: length)) }
  }

  @Test func headerThatIsNotUTF8() {
    for bytes: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]] {
      let header = Array("{\"__metadata__\":{\"a\":\"".utf8) + bytes + Array("\"}}".utf8)
      #expect(throws: StorageError.self) { try open(file(header: header)) }
    }
  }

  @Test func headerLongerThanTheFormatAllows() {
    let error = #expect(throws: StorageError.self) {
      try open(file(header: Array("{}".utf8), length: 100_000_001))
    }
    #expect(error?.description.contains("at most 100000000") == true)
  }

  @Test func soundForeignFiles() throws {
    try useAll(open(file("{}")))
    try useAll(open(file("{ \"__metadata__\" : { } } \n\t")))
    // Data in another order than the header, and not aligned to anything.
    let foreign = try open(
      file(
        "{\"b\":{\"shape\":[1],\"data_offsets\":[1,5],\"dtype\":\"F32\"},"
          + "\"a\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[0,1]}} ", data: 5))
    #expect(foreign.names == ["a", "b"])
    try useAll(foreign)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNotFinite(value: Float) throws {
    let directory = try TemporaryFolder()
    for index in [0, 4095, 4096, 9999] {
      var values = [Float](repeating: 1, count: 10_000)
      values[index] = value
      try SafeTensors.write(
        [TensorSource("w", floats: values, shape: [100, 100])], metadata: [:], to: directory("file"), overwrite: true)
      let file = try SafeTensors(path: directory("file"))
      let error = #expect(throws: StorageError.self) { try file.floats("w", shape: [100, 100]) }
      #expect(error?.description.contains("element \(index) of tensor 'w' is \(value)") == true)
      #expect(try file.floats("w", finite: false)[index].bitPattern == value.bitPattern)
    }
  }

  @Test func wrongShapeAndTypeAndNameAreNamed() throws {
    let file = try open(Self.small())
    for (says, call) in [
      ("[2, 3], and [3, 2]", { _ = try file.floats("weights", shape: [3, 2]) }),
      ("lacks the tensor 'none'", { _ = try file.floats("none") }),
      ("holds 'I64'", { _ = try file.floats("state") }),
      ("holds 'F32', and I64", { _ = try file.integers("weights") }),
    ] {
      let error = #expect(throws: StorageError.self) { try call() }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
  }

  @Test func whatIsNotAFile() throws {
    let directory = try TemporaryFolder()
    #expect(mkfifo(directory("pipe"), 0o600) == 0)
    for path in [directory.path, directory("pipe"), directory("missing"), "/dev/zero"] {
      let error = #expect(throws: StorageError.self) { try SafeTensors(path: path) }
      #expect(error?.description.contains(path) == true)
    }
  }

  @Test func messagesCannotDriveATerminal() throws {
    let header = "{\"\\u001b]0;evil\\u0007\\u202e\":{\"dtype\":\"\\u009b31m\",\"shape\":[],\"data_offsets\":[1,1]}}"
    let error = #expect(throws: StorageError.self) { try open(file(header)) }
    let text = try #require(error).description
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f })
    #expect(quoted(String(repeating: "x", count: 1_000_000)).utf8.count < 300)
  }
}
