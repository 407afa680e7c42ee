import Storage

/// What the names of a network's tensors begin with in the files that CatGAN writes. Other programs' wrappers and containers put
/// words before them, such as PyTorch's `module.` and `_orig_mod.`, or `netG.`.
public enum TensorPrefix {
  public static let generator = "generator."
  public static let discriminator = "discriminator."
  /// Of the averaged generator.
  public static let average = "generator_ema."

  /// What precedes a network's first tensor in a file, the shortest first.
  /// - Parameter marks: names that the tensor may have.
  package static func candidates(_ file: SafeTensors, marks: [String]) -> [String] {
    marks.flatMap { mark in
      file.names.filter { $0 == mark || $0.hasSuffix(".\(mark)") }.map { String($0.dropLast(mark.count)) }
    }
    .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  /// What is said of a file that holds several networks of a kind, none of them under the `preferred` prefix.
  package static func openChoice(_ prefixes: [String], _ kind: String, preferred: String) -> String {
    let names = prefixes.prefix(4).map { $0.isEmpty ? "names without a prefix" : quoted($0, limit: 60) }
    return "holds \(prefixes.count) \(kind) (\(names.joined(separator: ", "))), so which one is meant is open: save "
      + "the one to use alone, or under the prefix \(preferred)"
  }
}
