/// Is a file as it was written? Its metadata carry three digests as `DataDigest` defines them:
///
/// - `catgan.digest`: of the data;
/// - `catgan.digest.blocks`: of each of the data's blocks, 16 digits each, one after the other, so that a few tensors of a
///   large file can be checked without reading the rest; folded they are `catgan.digest`;
/// - `catgan.digest.header`: of the header as the writer would write it without this entry: names, types, shapes and
///   metadata, whatever their spelling.
///
/// Files of version 0.1.0 carry the first alone, other programs' none. What is not there is not checked.
extension SafeTensors {
  package static let digestKey = "catgan.digest"
  static let blockDigestsKey = "catgan.digest.blocks"
  static let headerDigestKey = "catgan.digest.header"

  /// The digest of the data, as `catgan.digest` should say it. Reads all of the file.
  public func digest() -> String {
    let size = withData { $0.count }
    let blocks = Array(0..<DataDigest.blockCount(size))
    var digests: [UInt64] = []
    for start in stride(from: 0, to: blocks.count, by: Self.blocksInMemory) {
      // Or all of a large file would be in memory at once.
      if start > 0 {
        release(data: (start - Self.blocksInMemory) * DataDigest.blockSize..<start * DataDigest.blockSize)
      }
      let run = Array(blocks[start..<min(start + Self.blocksInMemory, blocks.count)])
      digests += withData { DataDigest.blockDigests(of: $0, run) }
    }
    return DataDigest(digests).text
  }

  private static let blocksInMemory = 64

  /// Checks header and data; a file without digests passes. Reads all of the file.
  /// - Throws: `StorageError` where they are not as they were written.
  public func verifyDigest() throws(StorageError) {
    try verifyHeader()
    guard let expected = metadata[Self.digestKey] else { return }
    let actual = digest()
    if expected != actual {
      throw damage("its data has the digest \(actual), and it was written with \(quoted(expected))")
    }
  }

  /// Checks the header and these tensors. Reads the blocks that they are in; all of a file without digests of blocks.
  /// - Throws: `StorageError` where they are not as they were written, or where a tensor is missing.
  public func verify(_ names: [String]) throws(StorageError) {
    guard let expected = metadata[Self.digestKey], let list = metadata[Self.blockDigestsKey] else {
      return try verifyDigest()
    }
    try verifyHeader()
    let digits = Array(list.utf8)
    let written = stride(from: 0, to: digits.count, by: 16).map {
      UInt64(String(decoding: digits[$0..<min($0 + 16, digits.count)], as: UTF8.self), radix: 16) ?? 0
    }
    guard written.count == withData({ DataDigest.blockCount($0.count) }), DataDigest(written).text == expected else {
      throw damage("the digests of its blocks do not belong to its digest")
    }
    var blocks: Set<Int> = []
    for name in names {
      let range = try entry(name).range
      if range.isEmpty { continue }
      let first = (range.lowerBound - dataStart) / DataDigest.blockSize
      blocks.formUnion(first...(range.upperBound - 1 - dataStart) / DataDigest.blockSize)
    }
    let order = blocks.sorted()
    let found = withData { DataDigest.blockDigests(of: $0, order) }
    if let (block, _) = zip(order, found).first(where: { written[$0] != $1 }) {
      let start = dataStart + block * DataDigest.blockSize
      throw damage("bytes \(start) to \(min(start + DataDigest.blockSize, byteCount) - 1) are not as they were written")
    }
  }

  private func verifyHeader() throws(StorageError) {
    guard let expected = metadata[Self.headerDigestKey] else { return }
    let tensors = try names.map { name throws(StorageError) in
      let entry = try entry(name)
      return HeaderLine(name: name, type: entry.type, shape: entry.shape, byteCount: entry.range.count)
    }
    if Self.headerDigest(tensors, metadata: metadata) != expected {
      throw damage("its header is not as it was written")
    }
  }

  private func damage(_ what: String) -> StorageError {
    StorageError("\(quoted(path)) is damaged: \(what); use an intact copy of the file")
  }
}
