import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  import CHost
#endif

/// What the values that running statistics began with still weigh in a checkpoint without `num_batches_tracked`.
///
/// Such files hold plain moving averages from mean 0 and variance 1 with momentum m = 0.99. After t batches the beginning
/// weighs m^t, so the average of what was seen is mean / (1 - m^t) and (variance - m^t) / (1 - m^t).
public struct StatisticsStart: Sendable {
  private let weight: Double

  /// The share of the old statistics that stayed in each step.
  static let momentum = 0.99
  /// Below it, a start changes no number that a Float holds.
  private static let negligible = 1e-15
  /// F16 rounds by 2^-11 of a number.
  private static let rounding = 1e-3

  /// Reads the small tensors of the statistics.
  /// - Parameters:
  ///   - prefix: of the network's tensors, such as `generator.`.
  ///   - batchesPerStep: training batches that a step shows to the network.
  /// - Returns: nil where the numbers are to be taken as they are. Files that count batches hold averages of what was
  ///   seen; those of an averaged generator were always its own; some do not tell their step. And statistics that began
  ///   at 1 are not below m^t: those of an exported average are, and those that began with a trained generator's.
  public init?(_ file: SafeTensors, prefix: String, batchesPerStep: Int = 1) throws(StorageError) {
    guard prefix == TensorPrefix.generator || prefix == TensorPrefix.discriminator, let step = file.steps, step > 0,
      !file.names.contains(where: { $0.hasPrefix(prefix) && $0.hasSuffix(".num_batches_tracked") })
    else { return nil }
    let weight = pow(StatisticsStart.momentum, Double(step) * Double(batchesPerStep))
    guard weight > StatisticsStart.negligible else { return nil }
    let smallest = Float(weight * (1 - StatisticsStart.rounding))
    for name in file.names where name.hasPrefix(prefix) && name.hasSuffix(".running_var") {
      if try file.floats(name).contains(where: { $0 < smallest }) { return nil }
    }
    self.weight = weight
  }

  public func mean(_ recorded: Float) -> Float { Float(Double(recorded) / (1 - weight)) }

  public func variance(_ recorded: Float) -> Float { Float(max(0, Double(recorded) - weight) / (1 - weight)) }
}
