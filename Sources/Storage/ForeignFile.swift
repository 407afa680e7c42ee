/// What a file is that was given as a safetensors file, and how to make one of it. Told from its first bytes, by the
/// marks that these formats begin with; a file that begins as a safetensors file does is never one of them.
struct ForeignFile {
  /// Such as `a picture`.
  let kind: String
  let remedy: String

  private init(_ kind: String, _ remedy: String) {
    self.kind = kind
    self.remedy = remedy
  }

  /// - Parameter path: some formats say what they are only by the file's name.
  init?(_ bytes: UnsafeRawBufferPointer, path: String) {
    if bytes.count > 8, bytes.loadUnaligned(as: UInt64.self).littleEndian <= SafeTensors.maximumHeaderLength,
      [0x7b, 0x20, 0x0a, 0x0d, 0x09].contains(bytes[8])
    {
      return nil
    }
    let name = Array((path.split(separator: "/").last ?? "").utf8)
    if let mark = Self.marks.first(where: { bytes.holds($0.bytes, at: $0.offset) }) {
      self = mark.file
    } else if bytes.holds(Array("PK".utf8), at: 0), bytes.count > 4, [3, 5, 7].contains(bytes[2]) {
      self = Self.zip(bytes)
    } else if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      self = Self.pickle
    } else if name.withUnsafeBytes({ $0.contains(".data-0") })
      || bytes.count >= 8 && bytes.holds(Self.tableEnd, at: bytes.count - 8)
    {
      self = Self.tensorFlow
    } else if let model = Self.protocolBuffer(bytes) {
      self = model
    } else if let text = Self.text(bytes) {
      self = text
    } else if bytes.prefix(4096).allSatisfy({ $0 == 0 }) {
      self.init("zeros, as a broken-off download leaves them", JSONScanner.Failure.fetchAgain)
    } else {
      return nil
    }
  }

  // MARK: Remedies

  private static let pickle = ForeignFile(
    "a PyTorch file (torch.save's .pt or .pth, a Python pickle)",
    "convert it with Python: import torch; from safetensors.torch import save_file; "
      + "save_file(torch.load('FILE.pth', map_location='cpu', weights_only=True), 'FILE.safetensors')")

  /// Other frameworks' filters have other axes, so no one line converts them.
  private static let layouts =
    "write its generator's weights in PyTorch's layouts, as docs/file-formats.md lists them, with safetensors.numpy.save_file"

  private static let tensorFlow = ForeignFile("a part of a TensorFlow checkpoint", layouts)

  /// The end of the tables that TensorFlow's checkpoints are.
  private static let tableEnd: [UInt8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]

  private static let marks: [(offset: Int, bytes: [UInt8], file: ForeignFile)] = {
    let unpack = "unpack it, and name the file inside"
    let another = "name a safetensors file"
    func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
    let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    let keras = ForeignFile("an HDF5 file (Keras's .h5)", layouts)
    return [
      (
        0, [0x93] + ascii("NUMPY"),
        ForeignFile(
          "one array of NumPy (.npy)",
          "save all of a generator's arrays under their names with safetensors.numpy.save_file")
      ),
      (0, hdf5, keras), (512, hdf5, keras), (1024, hdf5, keras), (2048, hdf5, keras),
      (0, ascii("GGUF"), ForeignFile("a GGUF file (llama.cpp)", layouts)),
      (4, ascii("TFL3"), ForeignFile("a TensorFlow Lite model", layouts)),
      (0, ascii("MATLAB 5.0 MAT-file"), ForeignFile("a MATLAB file", layouts)),
      (0, [0x1f, 0x8b, 0x08], ForeignFile("a file packed with gzip", unpack)),
      (0, ascii("BZh"), ForeignFile("a file packed with bzip2", unpack)),
      (0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], ForeignFile("a file packed with xz", unpack)),
      (0, [0x28, 0xb5, 0x2f, 0xfd], ForeignFile("a file packed with zstd", unpack)),
      (0, [0x04, 0x22, 0x4d, 0x18], ForeignFile("a file packed with lz4", unpack)),
      (0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], ForeignFile("a 7z archive", unpack)),
      (0, ascii("Rar!\u{1a}\u{7}"), ForeignFile("a RAR archive", unpack)),
      (257, ascii("ustar"), ForeignFile("a tar archive", unpack)),
      (0, [0x89] + ascii("PNG\r\n"), ForeignFile("a PNG picture", another)),
      (0, [0xff, 0xd8, 0xff], ForeignFile("a JPEG picture", another)),
      (0, ascii("GIF8"), ForeignFile("a GIF picture", another)),
      (0, ascii("RIFF"), ForeignFile("a RIFF file (a WebP picture, a sound or a film)", another)),
      (0, ascii("%PDF"), ForeignFile("a PDF document", another)),
      (0, [0x7f] + ascii("ELF"), ForeignFile("a program", another)),
      (
        0, ascii("version https://git-lfs.github.com/spec/"),
        ForeignFile(
          "a Git LFS pointer, which stands for the file in a repository",
          "fetch the file itself with 'git lfs pull', or download it with a browser")
      ),
    ]
  }()

  // MARK: Formats without one mark

  /// What a zip archive is for, by the names in it, which are at its beginning and at its end.
  private static func zip(_ bytes: UnsafeRawBufferPointer) -> ForeignFile {
    let ends = [bytes.prefix(1 << 16), bytes.suffix(1 << 20)].map { UnsafeRawBufferPointer(rebasing: $0) }
    func holds(_ text: String) -> Bool { ends.contains { $0.contains(text) } }
    if holds("data.pkl") { return pickle }
    if holds(".npy") {
      return ForeignFile(
        "arrays of NumPy (.npz)",
        "convert it with Python: import numpy; from safetensors.numpy import save_file; "
          + "save_file(dict(numpy.load('FILE.npz')), 'FILE.safetensors')")
    }
    if holds(".weights.h5") { return ForeignFile("a Keras model (.keras)", layouts) }
    return ForeignFile(
      "a zip archive",
      "unpack it, and name the file inside; if it is a PyTorch file (.pt, .pth), " + pickle.remedy)
  }

  /// ONNX models and TensorFlow's SavedModel begin with a version (field 1, small), then another field of theirs.
  private static func protocolBuffer(_ bytes: UnsafeRawBufferPointer) -> ForeignFile? {
    guard bytes.count > 8, bytes[0] == 0x08, bytes[1] > 0 else { return nil }
    if bytes[1] == 1, bytes[2] == 0x12 { return ForeignFile("a SavedModel of TensorFlow", layouts) }
    // Producer, its version, domain, model version, comment, graph, operator sets, metadata.
    guard bytes[1] < 64, [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72].contains(bytes[2]) else { return nil }
    return ForeignFile(
      "an ONNX model",
      "take the weights from where it was exported, or with Python: import onnx; from safetensors.numpy import save_file; "
        + "save_file({t.name: onnx.numpy_helper.to_array(t) for t in onnx.load('FILE.onnx').graph.initializer},"
        + " 'FILE.safetensors')")
  }

  /// Pages and messages that servers send where there is no file.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> ForeignFile? {
    var start = bytes.prefix(512)
    // The cut may go through a character.
    while start.count > 508, String(validating: start, as: UTF8.self) == nil { start.removeLast() }
    guard var text = String(validating: start, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f || [0x9, 0xa, 0xd].contains($0.value) })
    else { return nil }
    if text.hasPrefix("\u{feff}") { text.removeFirst() }
    text = String(text.drop(while: { $0.isWhitespace }))
    let lower = text.lowercased()
    if ["<!doctype html", "<html", "<head", "<body", "<!--"].contains(where: lower.hasPrefix) {
      return ForeignFile(
        "an HTML page, as a server sends where the address is that of a page, or wants a login",
        "download the file itself, by the link that the page calls download or raw")
    }
    if ["(dp", "(lp", "ccollections", "ctorch"].contains(where: text.hasPrefix) { return pickle }
    if text.hasPrefix("model_checkpoint_path:") { return tensorFlow }
    let line = quoted(text.split(whereSeparator: { $0.isNewline }).first ?? "", limit: 80)
    if text.hasPrefix("{") || text.hasPrefix("[") {
      if UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 16)).contains("\"weight_map\"") {
        return ForeignFile("the index of weights in several files (JSON)", "name one file with all of the generator")
      }
      return ForeignFile("JSON: \(line)", "download the weights themselves, if this is a server's answer")
    }
    if text.hasPrefix("<") {
      return ForeignFile("XML: \(line)", "download the weights themselves, if this is a server's answer")
    }
    if text.isEmpty { return nil }
    return ForeignFile("text: \(line)", "download the weights themselves, if this is a server's answer")
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func holds(_ mark: [UInt8], at offset: Int) -> Bool {
    count >= offset + mark.count && self[offset..<offset + mark.count].elementsEqual(mark)
  }

  fileprivate func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard count >= wanted.count else { return false }
    return (0...count - wanted.count).contains { self[$0] == wanted[0] && holds(wanted, at: $0) }
  }
}
