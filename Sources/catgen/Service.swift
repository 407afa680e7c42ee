// `catgen --stdin`: pictures for another program, request by request; docs/streams.md has the protocol.

import Arguments
import Dispatch
import Generation
import Images
import Storage
import Text

/// Answers the requests of standard input in their order. Those that are waiting are computed together, while the pictures
/// before them are compressed and written; one that comes alone is answered at once.
final class Service: @unchecked Sendable {
  /// What a picture of an answer is of.
  private struct Place {
    let line: Int
    let index: Int
    let seed: UInt64?
    let z: [Float]
  }

  private enum Answer {
    case picture(Place)
    case error(line: Int, String)
  }

  /// Answers that are sent together, and where their pictures are.
  private struct Batch {
    var answers: [Answer]
    let slot: Int
    /// Of the pictures, in order: nil where one has been computed, or what is wrong.
    var failures: [String?] = []
  }

  private let sampler: Sampler
  private let format: Format
  /// Numbers of pictures that are computed at once, ascending. A batch is never larger than what is waiting: the places
  /// that stay empty would be computed too.
  private let sizes: [Int]
  private var models: [Int: GeneratorModel] = [:]
  private let buffers: [UnsafeMutablePointer<UInt8>]
  private let picture: (width: Int, height: Int, bytes: Int)
  private let queue = DispatchQueue(label: "catgen.compute")

  private var reader = LineReader()
  /// What was asked for and has no batch yet, and how many pictures that is.
  private var waiting: [(line: Int, request: Result<ServiceRequest, ServiceRequest.Failure>)] = []
  private var waitingPictures = 0
  /// Pictures of the first request that are in earlier batches.
  private var begun = 0

  init(_ given: Arguments) throws {
    for flag in [
      "--count", "--seeds", "--grid", "--interpolate", "--frames", "--loop", "--fps", "--force", "--progress",
    ]
    where given.isGiven(flag) {
      throw UsageError("\(flag) does not go with --stdin, whose lines say what is wanted")
    }
    if given.isGiven("--out"), given.string("--out") != "-" {
      throw UsageError("--out \(given.string("--out")): --stdin answers on standard output; leave it out")
    }
    format = try given.optionalChoice("--format").map { Format(rawValue: $0)! } ?? .png
    if format == .y4m { throw UsageError("--format y4m is about films, and --stdin sends pictures: png, ppm or raw") }
    // Never nil: --inspect is answered before.
    let sampler = try Sampler(given) { try StandardOutput.refuseTerminal("--stdin") }!
    let generator = sampler.description.generator
    let (width, height) = (generator.output.w, generator.output.h)
    // A few pictures that wait are common, and so is one.
    let small = [1, 8]
    let beside = small.map { GeneratorModel.bytesNeeded(generator, batchSize: $0) }.reduce(0, +)
    let largest = try sampler.batchSize(for: 64, beside: beside, remedy: "free some memory")
    self.sampler = sampler
    picture = (width, height, 3 * width * height)
    sizes = small.filter { $0 < largest } + [largest]
    buffers = (0..<2).map { _ in .allocate(capacity: largest * 3 * width * height) }
    // The first request finds a model.
    _ = try model(1)
  }

  deinit { buffers.forEach { $0.deallocate() } }

  /// - Throws: where streams fail, or where the weights turn out to be damaged.
  func run() throws {
    var computed: Batch?
    while true {
      try read(waiting: computed == nil)
      let next = takeBatch(slot: computed.map { 1 - $0.slot } ?? 0)
      let done = DispatchSemaphore(value: 0)
      nonisolated(unsafe) var result = next
      if next != nil {
        queue.async {
          self.compute(&result!)
          done.signal()
        }
      }
      let sent = Result { if let computed { try send(computed) } }
      // The buffers must outlive the batch that is under way.
      if next != nil { done.wait() }
      try sent.get()
      if computed == nil, next == nil { return }
      computed = result
    }
  }

  /// Lines read ahead, at most: those that are refused make no batch full.
  private static let mostWaiting = 1024

  /// Reads the lines that are there, up to a full batch.
  /// - Parameter isIdle: whether to wait for one where nothing else is to be done.
  private func read(waiting isIdle: Bool) throws {
    while waitingPictures < sizes.last!, waiting.count < Service.mostWaiting,
      let line = try reader.next(waiting: isIdle && waiting.isEmpty)
    {
      switch line {
      case .tooLong:
        let failure = ServiceRequest.Failure(description: "the line is longer than \(LineReader.longest >> 20) MB")
        waiting.append((reader.number, .failure(failure)))
      case .text(let bytes):
        if bytes.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) { continue }
        let request: Result<ServiceRequest, ServiceRequest.Failure> = bytes.withUnsafeBufferPointer { text in
          do throws(ServiceRequest.Failure) {
            return .success(
              try ServiceRequest(text, dimension: sampler.dimension, truncation: sampler.truncation))
          } catch {
            return .failure(error)
          }
        }
        waiting.append((reader.number, request))
        if case .success(let request) = request {
          if case .seeds(_, let count) = request.latents { waitingPictures += count } else { waitingPictures += 1 }
        }
      }
    }
  }

  /// As many pictures as a model computes at once of those that wait, with the errors between and before them.
  private func takeBatch(slot: Int) -> Batch? {
    if waiting.isEmpty { return nil }
    var room = sizes.last { $0 <= waitingPictures } ?? 0
    waitingPictures -= room
    var answers: [Answer] = []
    var ended = 0
    requests: for (line, request) in waiting {
      switch request {
      case .failure(let failure): answers.append(.error(line: line, failure.description))
      case .success(let request):
        if room == 0 { break requests }
        switch request.latents {
        case .vector(let z):
          room -= 1
          let scaled = request.truncation == 1 ? z : z.map { $0 * request.truncation }
          answers.append(.picture(Place(line: line, index: 0, seed: nil, z: scaled)))
        case .seeds(let first, let count):
          let part = begun..<min(begun + room, count)
          for index in part {
            let seed = first + UInt64(index)
            let z = Latent.vector(
              seed: seed, dimension: sampler.dimension, distribution: sampler.distribution,
              truncation: request.truncation)
            answers.append(.picture(Place(line: line, index: index, seed: seed, z: z)))
          }
          room -= part.count
          begun = part.upperBound
          if begun < count { break requests }
          begun = 0
        }
      }
      ended += 1
    }
    waiting.removeFirst(ended)
    return Batch(answers: answers, slot: slot)
  }

  /// On the compute queue alone, but for the first.
  private func model(_ size: Int) throws -> GeneratorModel {
    if let model = models[size] { return model }
    let model = try sampler.model(batchSize: size)
    models[size] = model
    return model
  }

  private func compute(_ batch: inout Batch) {
    let latents = batch.answers.compactMap { if case .picture(let place) = $0 { place.z } else { nil } }
    batch.failures = [String?](repeating: nil, count: latents.count)
    if latents.isEmpty { return }
    do {
      try model(latents.count).render(latents, into: buffers[batch.slot])
    } catch {
      // One z out of all bounds spoils no other request's picture.
      for (index, z) in latents.enumerated() {
        do {
          try model(1).render([z], into: buffers[batch.slot] + index * picture.bytes)
        } catch {
          batch.failures[index] = "\(error)"
        }
      }
    }
  }

  private func send(_ batch: Batch) throws {
    try sampler.verification.result()
    nonisolated(unsafe) let start = buffers[batch.slot]
    let (width, height, size) = picture
    let encoded = try concurrently(batch.failures.count) { [format] index in
      guard batch.failures[index] == nil else { return [UInt8]() }
      let pixels = UnsafeRawBufferPointer(start: start + index * size, count: size)
      return switch format {
      case .png: try PNGWriter.encode(pixels, width: width, height: height)
      case .ppm: Picture(width: width, height: height, pixels: Array(pixels)).ppm
      case .raw, .y4m: Array(pixels)
      }
    }
    var output: [UInt8] = []
    var index = 0
    for answer in batch.answers {
      switch answer {
      case .error(let line, let message): output += Self.error(line, message)
      case .picture(let place):
        if let failure = batch.failures[index] {
          output += Self.error(place.line, failure)
        } else {
          let seed = place.seed.map { "\"seed\":\($0)," } ?? ""
          output += "{\"line\":\(place.line),\"index\":\(place.index),\(seed)\"format\":\"\(format.rawValue)\"".utf8
          output += ",\"width\":\(width),\"height\":\(height),\"bytes\":\(encoded[index].count)}\n".utf8
          output += encoded[index]
        }
        index += 1
      }
    }
    try output.withUnsafeBytes(Console.write)
  }

  private static func error(_ line: Int, _ message: String) -> [UInt8] {
    Array("{\"line\":\(line),\"error\":\(jsonString(message))}\n".utf8)
  }
}
