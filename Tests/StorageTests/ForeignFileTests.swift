import Storage
import Testing

/// What is no safetensors file is named as what it is. The bytes are the marks that the formats' descriptions give.
@Suite struct ForeignFileTests {
  static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
  static let rest = [UInt8](repeating: 7, count: 3000)
  static func zip(_ name: String) -> [UInt8] {
    ascii("PK\u{3}\u{4}") + rest + ascii("PK\u{1}\u{2}") + rest + ascii(name) + rest
  }

  static let kinds: [(name: String, bytes: [UInt8], says: [String])] = [
    ("w.pth", zip("archive/data.pkl"), ["PyTorch", "save_file(torch.load("]),
    (
      "w.pt", [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e] + rest,
      ["PyTorch", "torch.load("]
    ),
    ("w.bin", [0x80, 5, 0x95] + rest, ["pickle"]),
    ("w.pkl", ascii("(dp0\nVa\np1\nI1\ns."), ["pickle"]),
    ("w.npz", zip("dense.weight.npy"), ["NumPy", "numpy.load("]),
    ("w.keras", zip("model.weights.h5"), ["Keras"]),
    ("w.zip", zip("notes.txt"), ["zip archive", "unpack", "torch.load("]),
    ("w.npy", [0x93] + ascii("NUMPY") + rest, ["NumPy"]),
    ("w.h5", [0x89] + ascii("HDF\r\n\u{1a}\n") + rest, ["HDF5", "Keras"]),
    ("w.mat", [UInt8](repeating: 0x20, count: 512) + [0x89] + ascii("HDF\r\n\u{1a}\n") + rest, ["HDF5"]),
    ("w.onnx", [8, 7, 0x12, 7] + ascii("pytorch") + rest, ["ONNX", "onnx.load("]),
    ("saved_model.pb", [8, 1, 0x12, 0xff, 0x80, 4] + rest, ["SavedModel", "TensorFlow"]),
    ("w.ckpt.index", rest + [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], ["TensorFlow"]),
    ("w.ckpt.data-00000-of-00001", rest, ["TensorFlow"]),
    ("checkpoint", ascii("model_checkpoint_path: \"w\"\n"), ["TensorFlow"]),
    ("w.tflite", [0x1c, 0, 0, 0] + ascii("TFL3") + rest, ["TensorFlow Lite"]),
    ("w.gguf", ascii("GGUF") + rest, ["GGUF"]),
    ("w.gz", [0x1f, 0x8b, 8] + rest, ["gzip", "unpack"]),
    ("w.xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] + rest, ["xz", "unpack"]),
    ("w.zst", [0x28, 0xb5, 0x2f, 0xfd] + rest, ["zstd", "unpack"]),
    ("w.tar", [UInt8](repeating: 0, count: 257) + ascii("ustar") + rest, ["tar archive"]),
    ("w.png", [0x89] + ascii("PNG\r\n\u{1a}\n") + rest, ["picture"]),
    (
      "w.safetensors", ascii("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4213\n"),
      ["Git LFS", "git lfs pull"]
    ),
    ("w.safetensors", ascii("\u{feff}\n <!DOCTYPE HTML><title>404</title>"), ["HTML page", "download"]),
    (
      "w.safetensors", ascii("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
      ["XML", "AccessDenied"]
    ),
    ("w.safetensors", ascii("{\"error\":\"Repository not found\"}"), ["JSON", "Repository not found"]),
    ("w.index.json", ascii("{\"metadata\":{},\"weight_map\":{}}"), ["several files"]),
    ("w.safetensors", ascii("Entry not found"), ["Entry not found"]),
    ("w.safetensors", ascii(String(repeating: "\u{e9}", count: 400)), ["text"]),
    ("w.safetensors", [UInt8](repeating: 0, count: 9000), ["zeros", "again"]),
  ]

  @Test(arguments: kinds.indices) func named(index: Int) throws {
    let (name, bytes, says) = Self.kinds[index]
    let error = #expect(throws: StorageError.self) {
      try bytes.withUnsafeBytes { try SafeTensors(bytes: $0, path: "folder/\(name)") }
    }
    let text = try #require(error).description
    #expect(text.hasPrefix("'folder/\(name)' is no safetensors file but "), "\(text)")
    for word in says { #expect(text.contains(word), "\(text)") }
    #expect(!text.contains("\n"))
  }

  /// Where the file ends and by how much, whether within the header or within the data.
  @Test func cutShort() throws {
    let header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[100],\"data_offsets\":[0,100]}}"
    let whole = file(header, data: 100)
    for (length, says) in [
      (whole.count - 1, "\(whole.count - 1) of \(whole.count) bytes, 1 missing"),
      (whole.count - 100, "100 missing"),
      (whole.count - 110, "at least 10 missing"),
    ] {
      let error = #expect(throws: StorageError.self) { try open(Array(whole.prefix(length))) }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
      #expect(error?.description.contains("download or copy it again") == true)
    }
    // The extent of a lie, and no overflow.
    let lie = header.replacing("U8", with: "U0").replacing("0,100]", with: "0,\(Int.max)]")
    #expect(throws: StorageError.self) { try open(file(lie, data: 100)) }
  }

  /// A sound or damaged safetensors file whose length happens to be another format's mark is never taken for one.
  @Test func headersLengthsAreNoMarks() throws {
    for length in [0x0008_8b1f, 0x12_0708, 0x280_7f0] {
      let header = "{}" + String(repeating: " ", count: length - 2)
      #expect(try open(file(header)).names.isEmpty)
      let error = #expect(throws: StorageError.self) { try open(file(header, data: 1)) }
      #expect(error?.description.contains("no sound safetensors file") == true)
    }
  }
}
