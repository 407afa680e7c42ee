import CProcessor

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The processor or the environment rules out what was asked for. The description is one sentence for the user.
public struct EnvironmentError: Error, CustomStringConvertible, Sendable {
  public let description: String

  /// - Parameter description: a sentence that names what is in the way, and the remedy.
  public init(_ description: String) {
    self.description = description
  }
}

extension Context {
  /// How many processors this process may run on.
  public static var processorCount: Int {
    let allowed = Int(processor_allowed_count())
    if allowed > 0 { return allowed }
    return max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// A context as the user's environment asks for it: `CATGAN_ISA=avx2|avx512` chooses the instruction set, the widest
  /// that the processor offers otherwise; `CATGAN_CONV=direct|winograd` takes the place of the plan's algorithms wherever
  /// they can compute the shape.
  /// - Parameter threads: nil takes every processor that the process may run on.
  /// - Throws: `EnvironmentError` for an unknown or unavailable wish, on a processor with neither instruction set, and where
  ///   the threads cannot be started.
  public static func fromEnvironment(threads: Int? = nil) throws -> Context {
    let chosen = try instructionSet(wish: getenv("CATGAN_ISA").map { String(cString: $0) })
    let threads = threads ?? processorCount
    try Memory.requireThreads(threads)
    let context = Context(threads: threads, instructionSet: chosen)
    context.algorithm = try algorithmFromEnvironment()
    return context
  }

  /// What `CATGAN_CONV` asks for, or nil.
  public static func algorithmFromEnvironment() throws -> ConvAlgorithm? {
    try algorithm(wish: getenv("CATGAN_CONV").map { String(cString: $0) })
  }

  static func algorithm(wish: String?) throws -> ConvAlgorithm? {
    guard let wish, !wish.isEmpty else { return nil }
    guard let algorithm = ConvAlgorithm(rawValue: wish) else {
      throw EnvironmentError("CATGAN_CONV=\(wish): must be direct or winograd; unset it to let CatGAN choose")
    }
    return algorithm
  }

  /// What `CATGAN_ISA` asks for, or the widest.
  /// - Parameter wish: the variable's value; nil or empty where nothing is wished.
  /// - Throws: `EnvironmentError` for an unknown or unavailable wish, and on a processor with neither instruction set.
  package static func instructionSet(
    wish: String?, available: [InstructionSet] = InstructionSet.available
  ) throws -> InstructionSet {
    guard let widest = available.last else {
      throw EnvironmentError(
        "this processor offers neither AVX2 with FMA nor AVX-512, and CatGAN needs one of them: "
          + "any x86-64 processor from about 2013 on has AVX2")
    }
    guard let wish, !wish.isEmpty else { return widest }
    guard let set = InstructionSet(rawValue: wish) else {
      throw EnvironmentError("CATGAN_ISA=\(wish): must be avx2 or avx512; unset it to let CatGAN choose")
    }
    guard available.contains(set) else {
      throw EnvironmentError("CATGAN_ISA=\(wish): this processor offers only \(widest.rawValue); unset it")
    }
    return set
  }
}
