import Arguments
import Generation
import Images
import Kernels
import Networks
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// From a checked command line to files.
struct Job {
  let request: Request
  let given: Arguments
  let model: GeneratorModel
  let latent: @Sendable (Int) -> [Float]
  let count: Int
  let framesPerSecond: Int
  /// Nothing leaves the program before it has ended well.
  let verification: Verification
  /// Files in the making are taken away before a signal ends the program.
  let interruption = Interruption()

  init?(_ given: Arguments) throws {
    let request = try Request(given)
    let framesPerSecond = try given.int("--fps", in: 1...1000)
    let sampler = try Sampler(given) {
      if !given.isOn("--force") { try Job.refuseOverwriting(request) }
      if case .stream = request.destination { try StandardOutput.refuseTerminal("--out -") }
    }
    guard let sampler else { return nil }
    verification = sampler.verification
    let (distribution, dimension, truncation) = (sampler.distribution, sampler.dimension, sampler.truncation)
    let draw = { @Sendable (seed: UInt64) in
      Latent.vector(seed: seed, dimension: dimension, distribution: distribution, truncation: truncation)
    }
    if let frames = request.frames {
      let path = Latent.path(
        through: request.seeds.map(draw), frames: frames, loop: given.isOn("--loop"), distribution: distribution)
      latent = { path[$0] }
      count = frames
    } else {
      let seeds = request.seeds
      latent = { draw(seeds[$0]) }
      count = seeds.count
    }
    model = try sampler.model(batchSize: Job.batchSize(count, request, sampler))
    self.framesPerSecond = framesPerSecond
    self.request = request
    self.given = given
  }

  /// Pictures that are computed at once: as many as were asked for, or as memory holds.
  /// - Throws: `PictureError` or `EnvironmentError` where the result is too large for a picture or for memory, before
  ///   anything is computed.
  private static func batchSize(_ count: Int, _ request: Request, _ sampler: Sampler) throws -> Int {
    let picture = sampler.description.generator.output
    // A grid, or all frames of a film, and their PNG file.
    var result = 0
    if let grid = request.grid {
      try Grid.check(columns: grid.columns, rows: grid.rows, cellWidth: picture.w, cellHeight: picture.h)
      let longest = max(grid.columns * picture.w, grid.rows * picture.h)
      guard request.format != .png || longest <= PNGWriter.longestSide else {
        throw PictureError(
          "a grid of \(grid.columns)x\(grid.rows) pictures is \(longest) pixels long, and a PNG file at most "
            + "\(PNGWriter.longestSide): make it more nearly square, or name a .ppm file")
      }
      result = 3 * grid.columns * grid.rows * picture.elements
    } else if request.frames != nil, request.format == .png {
      result = 3 * count * picture.elements
    }
    return try sampler.batchSize(for: count, beside: result, remedy: "ask for fewer pictures in one file")
  }

  /// Writes everything, and says so.
  func run() throws {
    // A stream leaves nothing to take away, so there the signals may do what they always do.
    if case .stream = request.destination { return try emit(Console.write) }
    interruption.watchSignals()
    do {
      try writeFiles()
    } catch let interrupted as Interrupted {
      interrupted.endProcess()
    }
  }

  private func writeFiles() throws {
    switch request.destination {
    case .stream: break
    case .file(let path):
      removeAbandonedTemporaries(in: directory(of: path))
      try AtomicFile.write(path, overwrite: given.isOn("--force"), durable: false) { file in
        try emit { try file.write($0) }
      }
      report(path)
    case .directory(let path):
      let existed = access(path, F_OK) == 0
      try createDirectory(path)
      if existed { removeAbandonedTemporaries(in: path) }
      do {
        try fill(path)
      } catch {
        // Fails, as it should, where finished pictures are inside.
        if !existed { rmdir(path) }
        throw error
      }
      report(path)
    }
  }

  /// Everything into one file or stream.
  private func emit(_ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    if let sides = request.grid {
      var grid = try Grid(columns: sides.columns, rows: sides.rows, cellWidth: model.width, cellHeight: model.height)
      try batches { range, bytes in
        for index in range {
          let start = bytes + (index - range.lowerBound) * model.bytesPerPicture
          grid.place(UnsafeBufferPointer(start: start, count: model.bytesPerPicture), at: index)
        }
      }
      let encoded =
        switch request.format {
        case .png: try PNGWriter.encode(grid.picture)
        case .ppm: grid.picture.ppm
        case .raw: grid.picture.pixels
        case .y4m:
          YUV4MPEG.header(
            width: grid.picture.width, height: grid.picture.height, framesPerSecond: framesPerSecond)
            + grid.picture.pixels.withUnsafeBufferPointer(YUV4MPEG.frame)
        }
      try encoded.withUnsafeBytes(write)
    } else if request.format == .png {
      var film = AnimatedPNG(frameCount: count, framesPerSecond: framesPerSecond)
      try batches { range, bytes in
        for frame in try encoded(range.count, bytes) { film.append(frame, width: model.width, height: model.height) }
      }
      try film.finished().withUnsafeBytes(write)
    } else if request.format == .y4m {
      let header = YUV4MPEG.header(width: model.width, height: model.height, framesPerSecond: framesPerSecond)
      try header.withUnsafeBytes(write)
      try batches { range, bytes in
        for index in 0..<range.count {
          let pixels = UnsafeBufferPointer(start: bytes + index * model.bytesPerPicture, count: model.bytesPerPicture)
          try YUV4MPEG.frame(pixels).withUnsafeBytes(write)
        }
      }
    } else {
      let header = request.format == .ppm ? Picture.ppmHeader(width: model.width, height: model.height) : []
      try batches { range, bytes in
        for index in 0..<range.count {
          if !header.isEmpty { try header.withUnsafeBytes(write) }
          try write(UnsafeRawBufferPointer(start: bytes + index * model.bytesPerPicture, count: model.bytesPerPicture))
        }
      }
    }
  }

  /// One file per picture.
  private func fill(_ directory: String) throws {
    try batches { range, bytes in
      nonisolated(unsafe) let bytes = bytes
      nonisolated(unsafe) let this = self
      try concurrently(range.count) { index in
        let pixels = UnsafeRawBufferPointer(
          start: bytes + index * this.model.bytesPerPicture, count: this.model.bytesPerPicture)
        try this.interruption.check()
        let path = "\(directory)/\(Job.name(this.request, range.lowerBound + index))"
        let contents: [UInt8] =
          switch this.request.format {
          case .png: try PNGWriter.encode(pixels, width: this.model.width, height: this.model.height)
          case .ppm: Picture(width: this.model.width, height: this.model.height, pixels: Array(pixels)).ppm
          case .raw: Array(pixels)
          case .y4m: preconditionFailure("no format of single pictures")
          }
        try contents.withUnsafeBytes {
          try AtomicFile.write(path, bytes: $0, overwrite: this.given.isOn("--force"), durable: false)
        }
      }
    }
  }

  private func batches(_ body: (Range<Int>, UnsafePointer<UInt8>) throws -> Void) throws {
    let shown = given.isOn("--progress") || isLong && Console.errorIsTerminal && !given.isOn("--quiet")
    do {
      try Pipeline(model).run(count: count, latent: latent) { range, bytes in
        try interruption.check()
        try verification.result()
        try body(range, bytes)
        if shown { Console.error("\rcatgen: \(range.upperBound) of \(count)") }
      }
    } catch let error as CheckpointError {
      try verification.result()
      throw error
    }
    if shown { Console.error("\n") }
  }

  /// PNG files of consecutive pictures, in order, compressed in parallel.
  private func encoded(_ count: Int, _ bytes: UnsafePointer<UInt8>) throws -> [[UInt8]] {
    nonisolated(unsafe) let bytes = bytes
    let (block, width, height) = (model.bytesPerPicture, model.width, model.height)
    return try concurrently(count) { index in
      let pixels = UnsafeRawBufferPointer(start: bytes + index * block, count: block)
      return try PNGWriter.encode(pixels, width: width, height: height)
    }
  }

  /// Whether there may be seconds to wait for it.
  private var isLong: Bool {
    if case .stream = request.destination { return false }
    return count > 256
  }

  private func report(_ path: String) {
    if given.isOn("--quiet") { return }
    let what = request.frames == nil ? "picture" : "frame"
    Console.error("catgen: \(count) \(what)\(count == 1 ? "" : "s") in \(printable(path))\n")
  }

  /// seed0000.png, or frame0000.png in a film.
  private static func name(_ request: Request, _ index: Int) -> String {
    let number = request.frames == nil ? request.seeds[index] : UInt64(index)
    return "\(request.frames == nil ? "seed" : "frame")\(zeroPadded(number, 4)).\(request.format.rawValue)"
  }

  private static func refuseOverwriting(_ request: Request) throws {
    func refuse(_ path: String) throws {
      guard access(path, F_OK) == 0 else { return }
      throw PictureError("\(printable(path)) is there already: choose another --out, or overwrite it with --force")
    }
    switch request.destination {
    case .stream: return
    case .file(let path): try refuse(path)
    case .directory(let path):
      if access(path, F_OK) != 0 { return }
      for index in 0..<(request.frames ?? request.seeds.count) { try refuse("\(path)/\(name(request, index))") }
    }
  }
}
