import Arguments
import Generation
import Kernels
import Networks

/// What is measured, on what, and how it is reported.
struct Options {
  enum Topic: String, CaseIterable {
    case peak, gemm, conv, layers, step, sample, plan, scaling

    /// What runs when no topic is named: the questions that most readers have.
    static let usual: [Topic] = [.peak, .layers, .step, .sample]
  }

  var topics: [Topic]
  let preset: Preset
  let width: Int
  let networks: GANDescription
  let batch: Int
  /// Numbers of pictures that `sample` generates at once.
  let images: [Int]
  private let filter: Regex<AnyRegexOutput>?
  let passes: [ConvPass]
  /// Whether --pass was given: then rows that are none of the three passes are left out.
  private let onlyPasses: Bool
  let algorithms: [ConvAlgorithm]
  let threads: [Int]
  let instructionSets: [InstructionSet]
  /// Numbers of cores that `scaling` simulates, and bytes per second that they share.
  let cores: [Int]
  let bandwidth: Double?
  /// Numbers of machines that `scaling` simulates, and bits per second of the links between them.
  let nodes: [Int]
  let links: [Double]
  let measure: Measure
  let cold: Bool
  let check: Bool
  let format: Report.Format
  /// nil for standard output.
  let output: String?
  /// Whether `output` may be there already.
  let force: Bool
  let peer: String?

  var shapes: StepShapes { StepShapes(networks, batch: batch) }

  /// `cats128/w64/b16`, the part of a row's name that says which network is meant.
  var network: String { "\(preset.rawValue)/w\(width)/b\(batch)" }

  /// Whether a row of the layers' own, such as `G.trans_conv2 fwd`, belongs to a wanted pass.
  func wantsPass(of part: String) -> Bool { !onlyPasses || passes.contains { part.hasSuffix(" \($0.rawValue)") } }

  var isFiltered: Bool { filter != nil }

  func wants(_ name: String) -> Bool { filter.map(name.contains) ?? true }
}

extension Options {
  static let command = Command(
    "bench", version: catganVersion, summary: "where every microsecond goes",
    operands: [
      Operand(
        "TOPIC", required: false, repeats: true,
        help: "peak, gemm, conv, layers, step, sample, plan or scaling; none means peak, layers, step and sample")
    ],
    flags: [
      Flag(
        "--preset", "NAME", of: Preset.allCases.map(\.rawValue), group: "What", default: "cats128",
        help: "network: \(Preset.allCases.map(\.rawValue).joined(separator: ", "))"),
      Flag("--width", "N", group: "What", default: "64", help: "channels of the networks' widest pictures"),
      Flag("--batch-size", "N", group: "What", default: "16", help: "pictures per step"),
      Flag("--images", "LIST", group: "What", default: "1,16,64", help: "pictures per call for sample"),
      Flag("--filter", "REGEX", group: "What", help: "only rows whose name has a match"),
      Flag("--pass", "LIST", group: "What", default: "fwd,bwd-data,bwd-filter", help: "passes for layers and plan"),
      Flag(
        "--algorithm", "LIST", group: "What", default: "direct,winograd",
        help: "algorithms for layers, each where it can compute the shape"),
      Flag("--threads", "LIST", group: "Where", defaultNote: "all cores", help: "numbers of worker threads"),
      Flag(
        "--isa", "LIST", group: "Where", defaultNote: "CATGAN_ISA, or the widest",
        help: "vector instructions: avx2, avx512"),
      Flag("--cores", "LIST", group: "Where", default: "2,4,8,16,32,64", help: "cores that scaling simulates"),
      Flag(
        "--bandwidth", "GB/S", group: "Where", defaultNote: "no cap",
        help: "memory bandwidth that scaling's simulated cores share"),
      Flag(
        "--nodes", "LIST", group: "Where", defaultNote: "none",
        help: "machines like this one that scaling simulates, each with a share of the batch"),
      Flag("--link", "GBIT/S", group: "Where", default: "10,25,100", help: "speeds of the links between them"),
      Flag("--repetitions", "N", group: "How", default: "5", help: "samples per row"),
      Flag("--min-time", "SECONDS", group: "How", default: "0.3", help: "least time of a row's samples together"),
      Flag(
        switch: "--cold", group: "How",
        help: "rotate buffers larger than the last-level cache, in gemm, conv and layers"),
      Flag(
        switch: "--check", group: "How",
        help: "verify each kernel of gemm, conv and layers against sums in Double before timing it"),
      Flag(
        "--format", "NAME", of: Report.Format.allCases.map(\.rawValue), group: "Report",
        defaultNote: "table, or by --out's suffix",
        help: "table, json (Google Benchmark's schema), csv, md or svg"),
      Flag(
        "--out", "FILE", group: "Report", defaultNote: "standard output",
        help: "where the report goes; - for standard output"),
      Flag(switch: "--force", group: "Report", help: "overwrite FILE"),
      Flag("--peer", "FILE", group: "Report", help: "another program's JSON report, drawn beside ours in svg"),
    ],
    epilogue: """
      Rows are named after what they measure, such as layer/G.trans_conv2/bwd-data/winograd/cats128/w64/b16/avx512/t2.
      The slot after the pass names the algorithm of a layer by itself, or is in-step for its time within a step.
      GFLOP/s count the direct algorithm's operations, also for Winograd.
      Of peak: against multiply-adds in registers on the same threads, timed just before each sample.
      CATGAN_CONV=direct or winograd takes the place of the plan wherever that algorithm can compute a layer.

      Examples:
        bench peak
        bench layers --filter 'G\\.' --pass fwd --check
        bench layers --batch-size 64 --out layers.svg
        bench scaling --batch-size 64 --bandwidth 200
        bench scaling --batch-size 64 --nodes 2,4,8,16 --filter nodes
      """)

  /// - Parameter environment: the value of `CATGAN_ISA`.
  /// - Throws: `UsageError` naming the flag, its value and what would do; `EnvironmentError` for the environment's.
  init(_ arguments: Arguments, machine: Machine, environment: String? = nil) throws {
    topics = try Arguments.cases(arguments.operands, of: "TOPIC")
    if topics.isEmpty { topics = Topic.usual }
    preset = Preset(rawValue: try arguments.choice("--preset"))!
    width = try arguments.int("--width", in: 1...256)
    do { networks = try preset.networks(width: width) } catch { throw UsageError("--width \(width): \(error)") }
    batch = try arguments.int("--batch-size", in: 1...4096)
    images = try arguments.optionalInts("--images", in: 1...4096) ?? []
    bandwidth = try arguments.optionalDouble("--bandwidth", in: 0.001...1e6).map { $0 * 1e9 }
    cores = try arguments.optionalInts("--cores", in: 1...4096) ?? []
    nodes = try arguments.optionalInts("--nodes", in: 2...4096) ?? []
    links = try arguments.optionalInts("--link", in: 1...100_000)?.map { Double($0) * 1e9 } ?? []
    for count in nodes where count > batch {
      throw UsageError("--nodes \(count): more than the \(batch) pictures of a batch; raise --batch-size")
    }
    filter = try arguments.optionalString("--filter").map(Options.regex)
    passes = try arguments.cases("--pass")
    algorithms = try arguments.cases("--algorithm")
    onlyPasses = arguments.isGiven("--pass")
    threads = try arguments.optionalInts("--threads", in: 1...) ?? [machine.cores]
    for count in threads where count > machine.cores {
      throw UsageError(
        "--threads \(count): this machine has \(machine.cores); bench scaling --cores \(count) simulates more")
    }
    instructionSets = try Options.instructionSets(arguments, environment)
    measure = Measure(
      repetitions: try arguments.int("--repetitions", in: 1...10_000),
      minimumTime: try arguments.double("--min-time", in: 0...3600))
    output = arguments.optionalString("--out").flatMap { $0 == "-" ? nil : $0 }
    let suffix = output?.split(separator: ".").last.flatMap { Report.Format(rawValue: String($0)) }
    format = try arguments.optionalChoice("--format").map { Report.Format(rawValue: $0)! } ?? suffix ?? .table
    (force, check, cold) = (arguments.isOn("--force"), arguments.isOn("--check"), arguments.isOn("--cold"))
    peer = arguments.optionalString("--peer")
    let single: [Topic] = [.gemm, .conv, .layers]
    for flag in ["--cold", "--check"] where arguments.isGiven(flag) && !topics.contains(where: single.contains) {
      throw UsageError("\(flag) is about gemm, conv and layers: add one of these topics, or leave it out")
    }
  }

  private static func regex(_ text: String) throws -> Regex<AnyRegexOutput> {
    do { return try Regex(text) } catch {
      throw UsageError("--filter '\(text)': not a regular expression; escape its special characters with \\")
    }
  }

  private static func instructionSets(_ arguments: Arguments, _ wish: String?) throws -> [InstructionSet] {
    guard let given = try arguments.optionalStrings("--isa") else { return [try Context.instructionSet(wish: wish)] }
    let available = InstructionSet.available
    let sets: [InstructionSet] = try Arguments.cases(given, of: "--isa")
    for missing in sets where !available.contains(missing) {
      let offered = available.map(\.rawValue).joined(separator: " and ")
      throw UsageError(
        "--isa \(missing.rawValue): this processor has \(offered.isEmpty ? "neither" : "only \(offered)")")
    }
    return sets
  }
}
