// What the page's worker calls. Numbers and addresses go in and out; a call that fails leaves a sentence for a person.

import Generation
import Kernels
import Networks
import Storage

/// The network that pictures are made with.
private struct Loaded {
  let model: GeneratorModel
  let dimension: Int
  let distribution: LatentDistribution
  let pixels: UnsafeMutablePointer<UInt8>
}

nonisolated(unsafe) private var loaded: Loaded?
nonisolated(unsafe) private var sentence: [UInt8] = []
private let context = Context(threads: 1)

/// Pictures that are computed at once. More would each take less time, and the first one longer.
private let batchSize = 4
/// What a network may take: a browser ends pages that take much more.
private let mostMemory = 1 << 30

/// Memory for `count` bytes, which `load` takes over.
@_expose(wasm, "allocate") @_cdecl("allocate")
public func allocate(_ count: Int) -> UnsafeMutableRawPointer { .allocate(byteCount: count, alignment: 16) }

/// Takes the network of a checkpoint, checked as `catgen` checks it; where it is no good, the network stays the one before.
/// - Parameters:
///   - bytes: `count` of `allocate`, the file.
///   - name: `nameCount` bytes of `allocate`, the file's name, which messages begin with.
/// - Returns: 1, and for a sentence what `catgen --inspect` says of the file, or 0, and what is wrong.
@_expose(wasm, "load") @_cdecl("load")
public func load(
  _ bytes: UnsafeMutableRawPointer, _ count: Int, _ name: UnsafeMutablePointer<UInt8>, _ nameCount: Int
) -> Int32 {
  let path = String(decoding: UnsafeBufferPointer(start: name, count: nameCount), as: UTF8.self)
  name.deallocate()
  do throws(CheckpointError) {
    let file = try CheckpointError.reading { () throws(StorageError) in
      try SafeTensors(taking: UnsafeMutableRawBufferPointer(start: bytes, count: count), path: path)
    }
    let description = try CheckpointDescription(file)
    let names = description.generator.parameters.map { description.prefix + $0.name }
    try CheckpointError.reading { () throws(StorageError) in try file.verify(names) }
    let needed = GeneratorModel.bytesNeeded(description.generator, batchSize: batchSize)
    guard needed <= mostMemory else {
      throw CheckpointError(path, "needs \(needed >> 20) MB for its pictures, more than a page should take; use catgen")
    }
    let model = try GeneratorModel(file, description, batchSize: batchSize, context: context)
    loaded?.pixels.deallocate()
    loaded = Loaded(
      model: model, dimension: description.generator.input.c, distribution: description.distribution ?? .uniform,
      pixels: .allocate(capacity: batchSize * model.bytesPerPicture))
    say(description.summary)
    return 1
  } catch {
    say(error.description)
    return 0
  }
}

/// Draws the pictures of up to `batch` successive seeds.
/// - Returns: their bytes, [count, height, width, 3], valid until the next call; nil, and a sentence, where they cannot be.
@_expose(wasm, "draw") @_cdecl("draw")
public func draw(_ firstSeed: UInt64, _ count: Int, _ truncation: Float) -> UnsafePointer<UInt8>? {
  guard let loaded else { return nil }
  return render((0..<UInt64(count)).map { latent(firstSeed &+ $0, truncation, loaded) }, loaded)
}

/// Draws frames `start` to `start` + `count` of a walk of `frames` from one seed to another.
/// - Returns: as `draw` does.
@_expose(wasm, "walk") @_cdecl("walk")
public func walk(
  _ from: UInt64, _ to: UInt64, _ frames: Int, _ start: Int, _ count: Int, _ truncation: Float
) -> UnsafePointer<UInt8>? {
  guard let loaded else { return nil }
  let path = Latent.path(
    through: [latent(from, truncation, loaded), latent(to, truncation, loaded)], frames: frames, loop: false,
    distribution: loaded.distribution)
  return render(Array(path[start..<start + count]), loaded)
}

private func latent(_ seed: UInt64, _ truncation: Float, _ loaded: Loaded) -> [Float] {
  Latent.vector(seed: seed, dimension: loaded.dimension, distribution: loaded.distribution, truncation: truncation)
}

private func render(_ z: [[Float]], _ loaded: Loaded) -> UnsafePointer<UInt8>? {
  do throws(CheckpointError) {
    try loaded.model.render(z, into: loaded.pixels)
    return UnsafePointer(loaded.pixels)
  } catch {
    say(error.description)
    return nil
  }
}

private func say(_ text: String) { sentence = Array(text.utf8) }

// MARK: What the worker asks for

@_expose(wasm, "batch") @_cdecl("batch")
public func batch() -> Int { batchSize }

@_expose(wasm, "width") @_cdecl("width")
public func width() -> Int { loaded?.model.width ?? 0 }

@_expose(wasm, "height") @_cdecl("height")
public func height() -> Int { loaded?.model.height ?? 0 }

/// The sentence of the last call, `sentenceCount` bytes of UTF-8.
@_expose(wasm, "sentence") @_cdecl("sentence")
public func sentenceBytes() -> UnsafePointer<UInt8>? {
  // An array's elements stay where they are as long as it is not changed.
  sentence.withUnsafeBufferPointer { $0.baseAddress }
}

@_expose(wasm, "sentenceCount") @_cdecl("sentenceCount")
public func sentenceCount() -> Int { sentence.count }
