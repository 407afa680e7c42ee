// From a folder of photos to a clean data set: square, of one size, without copies, blanks and the too small.
//
// Everything is decided before the first file is written, and files are written only into the destination.

import ImageFormats
import Images
import Layers
import Storage

/// What makes a data set of a folder of photos.
public struct PrepareOptions: Sendable {
  /// What kind of files are made.
  public enum Format: String, Sendable, CaseIterable {
    case jpeg, png
  }

  /// What to do with `NAME.jpg.cat` landmark files.
  public enum Landmarks: String, Sendable, CaseIterable {
    /// Crop faces by them; pictures without are treated as if there were none.
    case use
    /// Treat all photos alike.
    case ignore
  }

  /// Side of the pictures made, in pixels.
  public var size: Int
  /// How photos that are not square become so; faces by landmarks are square.
  public var fit = PictureFit.crop
  /// Smallest shorter side of a photo, or smallest side of a face, in pixels; nil for `size`, so that nothing is
  /// enlarged.
  public var minimumSize: Int?
  /// Most bits of the 64-bit hash in which copies of one picture differ; nil keeps copies.
  public var duplicateDistance: Int? = PictureLikeness.copyDistance
  /// What landmark files are for.
  public var landmarks = Landmarks.use
  /// What the pictures are written as.
  public var format = Format.jpeg
  /// What one file may ask for; `run` shares it among the threads.
  var limits = PictureLimits()
  /// Most threads that decode at the same time.
  public var threads: Int
  /// Asked while files are written: true ends it, and what was written is removed.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// - Precondition: both are positive.
  public init(size: Int, threads: Int) {
    precondition(size > 0 && threads > 0)
    self.size = size
    self.threads = threads
  }
}

/// What `Prepare.run` is doing, in words for people.
public enum PrepareStage: String, Sendable {
  case reading = "reading pictures"
  case comparing = "looking for copies"
  case writing = "writing pictures"
}

/// What `Prepare.run` did.
public struct PrepareReport: Sendable {
  /// For each picture made, its new name and its source, relative to the source folder.
  public internal(set) var kept: [(name: String, source: BytePath)] = []
  /// How many of them are faces that a landmark file levelled.
  public internal(set) var faces = 0
  /// Photos that were used although something is wrong with them, relative to the source folder.
  public internal(set) var notes: [FileRemark] = []
  /// What this software made and is among the photos; nothing was made of it.
  public internal(set) var ownOutput: [BytePath] = []
  /// Sources that gave no picture, relative to the source folder, with reasons.
  public internal(set) var rejected: [FileRemark] = []
  /// The file that lists them.
  public let rejectedList: BytePath
}

/// Makes data sets of folders of photos.
public enum Prepare {
  /// Makes the data set `destination` from the photos below `source`.
  ///
  /// Writes `000001.jpg` and so on (or `.png`) into it and, beside it, under its name with a suffix, `.kept.csv` (name,
  /// source), `.rejected.csv` (file, reason) and `.contact-sheet.png`. Of copies, the one with most pixels is kept, and
  /// the first of equals. The same source gives the same bytes for any number of threads.
  /// - Parameter progress: called after each picture of a stage, never twice at once.
  /// - Throws: `DatasetError` if the source cannot be read or gives no picture, the destination is not a new or empty
  ///   folder, or a write fails; then no file is left in the destination.
  @discardableResult
  public static func run(
    _ source: BytePath, to destination: BytePath, options: PrepareOptions,
    progress: (@Sendable (_ stage: PrepareStage, _ done: Int, _ total: Int) -> Void)? = nil
  ) throws(DatasetError) -> PrepareReport {
    let output = try PrepareFolder(destination)
    let scan = try FolderScan(source)
    var reading = options
    reading.limits = options.limits.sharing(threads: options.threads)
    var (candidates, rejected) = examine(scan, options: reading) { progress?(.reading, $0, $1) }
    if let distance = options.duplicateDistance {
      let copies = duplicates(candidates, distance: distance) { progress?(.comparing, $0, candidates.count) }
      for (copy, original) in copies {
        let other = candidates[original].path.relative(to: source)
        rejected.append(FileRemark(path: candidates[copy].path, reason: "is a copy of \(other)"))
      }
      let dropped = Set(copies.map(\.copy))
      candidates = candidates.indices.filter { !dropped.contains($0) }.map { candidates[$0] }
    }
    guard !candidates.isEmpty else {
      throw DatasetError(
        "\(source) holds no photo to prepare (\(PictureReader.formats) are read): \(scan.contents(refused: rejected))")
    }
    var report = PrepareReport(rejectedList: output.rejected)
    report.faces = candidates.count { $0.isFace }
    report.notes = candidates.flatMap { candidate in
      candidate.notes.map { FileRemark(path: candidate.path.relative(to: source), reason: $0) }
    }
    report.ownOutput = scan.ownOutput
    report.rejected = rejected.sorted { $0.path < $1.path }.map {
      FileRemark(path: $0.path.relative(to: source), reason: $0.reason)
    }
    for (index, candidate) in candidates.enumerated() {
      let name = zeroPadded(index + 1, 6) + (options.format == .jpeg ? ".jpg" : ".png")
      report.kept.append((name, candidate.path.relative(to: source)))
    }
    try output.write(report, pictures: candidates.map(\.encoded), isCancelled: options.isCancelled) {
      progress?(.writing, $0, candidates.count)
    }
    return report
  }

  /// A picture that is good by itself.
  struct Candidate: Sendable {
    let path: BytePath
    let isFace: Bool
    /// What is wrong with the photo.
    let notes: [String]
    /// The picture made, as a file's bytes.
    let encoded: [UInt8]
    let likeness: PictureLikeness
    /// Of the source, to choose between copies.
    let sourcePixels: Int
  }

  /// Makes each picture of the scan, in its order; the second part lists what was not good, with reasons.
  private static func examine(
    _ scan: FolderScan, options: PrepareOptions, progress: @escaping @Sendable (Int, Int) -> Void
  ) -> ([Candidate], [FileRemark]) {
    let annotations = Set(
      options.landmarks == .use ? scan.otherFiles.filter { $0.fileExtension == Array("cat".utf8) } : [])
    let outcomes = mapInParallel(scan.pictures.count, threads: options.threads, progress: progress) { index in
      let path = scan.pictures[index]
      let annotation = BytePath(bytes: path.bytes + Array(".cat".utf8))
      return Result { () throws(PictureError) -> Candidate in
        if annotations.contains(annotation) { return try face(path, annotation: annotation, options: options) }
        return try photo(path, options: options)
      }
    }
    var (candidates, rejected) = ([Candidate](), scan.skipped)
    for (path, outcome) in zip(scan.pictures, outcomes) {
      switch outcome {
      case .success(let candidate): candidates.append(candidate)
      case .failure(let error): rejected.append(FileRemark(path: path, reason: error.description))
      }
    }
    let pictures = Set(scan.pictures)
    for annotation in annotations where !pictures.contains(BytePath(bytes: annotation.bytes.dropLast(4))) {
      rejected.append(FileRemark(path: annotation, reason: "has no picture of the same name beside it"))
    }
    return (candidates, rejected)
  }

  private static func photo(_ path: BytePath, options: PrepareOptions) throws(PictureError) -> Candidate {
    var notes: [String] = []
    let picture = try PictureReader.read(path, limits: options.limits) { notes.append($0) }
    let wanted = options.minimumSize ?? options.size
    guard min(picture.width, picture.height) >= wanted else {
      throw PictureError("is too small: \(picture.width)x\(picture.height) pixels, less than \(wanted)")
    }
    let square = picture.square(options.size, fit: options.fit)
    return try candidate(
      path, square, isFace: false, notes: notes, sourcePixels: picture.width * picture.height, options: options)
  }

  private static func face(
    _ path: BytePath, annotation: BytePath, options: PrepareOptions
  ) throws(PictureError) -> Candidate {
    let landmarks = try CatLandmarks(parsing: annotation.read(limit: 4096))
    var notes: [String] = []
    let picture = try PictureReader.read(path, limits: options.limits, asStored: true) { notes.append($0) }
    let face = try landmarks.face(width: picture.width, height: picture.height)
    let wanted = options.minimumSize ?? options.size
    guard face.side >= Double(wanted) else {
      throw PictureError("is too small: its face is \(Int(face.side)) pixels wide, less than \(wanted)")
    }
    let outside = face.shareOutside(width: picture.width, height: picture.height)
    guard outside <= mostOutside else {
      throw PictureError(
        "has a face that leaves the picture (\(Int((outside * 100).rounded()))% of the square around it)")
    }
    let square = picture.levelled(face).square(options.size, fit: .stretch)
    return try candidate(
      path, square, isFace: true, notes: notes, sourcePixels: Int(face.side * face.side), options: options)
  }

  /// More of a face than this outside the photo would teach streaks: the photo's edge goes on there.
  private static let mostOutside = 0.05
  /// A picture whose brightness deviates by less (standard deviation, in levels of 0...255) is blank.
  private static let blankDeviation = 5.0
  /// Of the JPEGs, 1 through 100.
  private static let quality = 95

  private static func candidate(
    _ path: BytePath, _ picture: Picture, isFace: Bool, notes: [String], sourcePixels: Int, options: PrepareOptions
  ) throws(PictureError) -> Candidate {
    let likeness = PictureLikeness(picture)
    guard likeness.deviation >= blankDeviation else {
      throw PictureError("is blank: its brightness hardly varies")
    }
    let encoded =
      try options.format == .png
      ? PNGWriter.encode(picture, isOwnOutput: false) : JPEGWriter.encode(picture, quality: quality)
    return Candidate(
      path: path, isFace: isFace, notes: notes, encoded: encoded, likeness: likeness, sourcePixels: sourcePixels)
  }

  /// Pairs of a copy and what it is a copy of, by index; each copy appears once, and no original is itself a copy.
  private static func duplicates(
    _ candidates: [Candidate], distance: Int, progress: (_ done: Int) -> Void
  ) -> [(copy: Int, original: Int)] {
    let order = candidates.indices.sorted {
      (-candidates[$0].sourcePixels, $0) < (-candidates[$1].sourcePixels, $1)
    }
    var originals: [Int] = []
    var copies: [(copy: Int, original: Int)] = []
    for (done, index) in order.enumerated() {
      progress(done + 1)
      let likeness = candidates[index].likeness
      if let original = originals.first(where: { likeness.isCopy(of: candidates[$0].likeness, distance: distance) }) {
        copies.append((index, original))
      } else {
        originals.append(index)
      }
    }
    return copies
  }
}
