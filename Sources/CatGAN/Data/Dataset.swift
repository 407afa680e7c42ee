// The pictures to learn from: decoded once, in parallel, and kept in memory as bytes.

import ImageFormats
import Images
import Layers
import Storage

/// How files become the pictures of a data set.
public struct DatasetOptions: Sendable {
  /// Side of the square pictures, in pixels.
  public var size: Int
  /// How pictures that are not square become so.
  public var fit = PictureFit.crop
  /// Most threads that decode at the same time.
  public var threads: Int

  /// - Precondition: both are positive.
  public init(size: Int, threads: Int) {
    precondition(size > 0 && threads > 0)
    self.size = size
    self.threads = threads
  }
}

/// Square RGB pictures of one size, with where they came from.
public struct Dataset: Sendable {
  /// [count, size, size, 3] bytes.
  public let pixels: [UInt8]
  /// Side of the pictures, in pixels.
  public let size: Int
  /// How they became square.
  public let fit: PictureFit
  /// The file of each picture.
  public let paths: [BytePath]
  /// Files and folders that gave no picture, with reasons.
  public let skipped: [FileRemark]
  /// Files that gave one although something is wrong with them.
  public let notes: [FileRemark]
  /// A digest of `pixels` and their order: equal for equal data, wherever the files are. 16 hexadecimal digits.
  public let digest: String

  /// How many pictures there are.
  public var count: Int { paths.count }

  /// Bytes that `count` pictures of `size` x `size` take in memory.
  public static func bytesNeeded(count: Int, size: Int) -> Int { count * size * size * 3 }

  /// Decodes the pictures that `scan` found.
  ///
  /// The order of the pictures is that of the scan, whatever the number of threads. Files that cannot be decoded are
  /// left out and listed.
  /// - Parameter progress: called with the number of files done and of all files, from several threads but never two
  ///   at a time; the last call has both equal.
  /// - Throws: `DatasetError` if no picture is left.
  public init(
    _ scan: FolderScan, options: DatasetOptions, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(DatasetError) {
    let total = scan.pictures.count
    let bytes = options.size * options.size * 3
    var pixels: [UInt8] = []
    var outcomes: [Result<Decoded, PictureError>] = []
    if total > 0 {
      pixels = [UInt8](unsafeUninitializedCapacity: total * bytes) { buffer, count in
        outcomes = Self.decode(scan.pictures, into: buffer.baseAddress!, options: options, progress: progress)
        // Close the gaps that skipped files left.
        for (index, outcome) in outcomes.enumerated() where (try? outcome.get()) != nil {
          if count != index * bytes {
            (buffer.baseAddress! + count).update(from: buffer.baseAddress! + index * bytes, count: bytes)
          }
          count += bytes
        }
      }
    }
    var (paths, skipped, notes, digest) = ([BytePath](), scan.skipped, [FileRemark](), Digest64())
    for (path, outcome) in zip(scan.pictures, outcomes) {
      switch outcome {
      case .success(let picture):
        paths.append(path)
        digest.add(picture.hash)
        notes += picture.notes.map { FileRemark(path: path, reason: $0) }
      case .failure(let error): skipped.append(FileRemark(path: path, reason: error.description))
      }
    }
    guard !paths.isEmpty else {
      throw DatasetError(
        "\(scan.folder) holds no usable picture (\(PictureReader.formats) are read): \(scan.contents(refused: skipped))"
      )
    }
    digest.add(UInt64(paths.count))
    digest.add(UInt64(options.size))
    self.pixels = pixels
    self.size = options.size
    self.fit = options.fit
    self.paths = paths
    self.skipped = skipped
    self.notes = notes
    self.digest = digest.text
  }

  private struct Decoded {
    /// Of the picture's bytes.
    let hash: UInt64
    let notes: [String]
  }

  /// Decodes each file into its place in `output`; returns what is known of each picture or why there is none.
  private static func decode(
    _ paths: [BytePath], into output: UnsafeMutablePointer<UInt8>, options: DatasetOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) -> [Result<Decoded, PictureError>] {
    let bytes = options.size * options.size * 3
    // Each index writes its own place and nothing else, which is what makes sharing the pointer safe.
    nonisolated(unsafe) let places = output
    let limits = PictureLimits().sharing(threads: options.threads)
    return mapInParallel(paths.count, threads: options.threads, progress: progress) { index in
      Result { () throws(PictureError) -> Decoded in
        var notes: [String] = []
        // Twice the size leaves the last reduction to the better filter.
        let picture = try PictureReader.read(paths[index], shorterSide: 2 * options.size, limits: limits) {
          notes.append($0)
        }
        let place = places + index * bytes
        picture.fill(place, size: options.size, fit: options.fit, background: .midGray)
        return Decoded(hash: Digest64.hash(UnsafeRawBufferPointer(start: place, count: bytes)), notes: notes)
      }
    }
  }
}
