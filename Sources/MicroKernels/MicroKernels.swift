/// The contract between Kernels, which plans and parallelises, and the rooms MicroKernels8 and MicroKernels16, which
/// hold the same micro-kernels compiled once per vector width.
///
/// Every function works on raw pointers, on the calling thread, and allocates nothing. A function never looks at
/// memory that its counts do not name. The protocol is extended topic by topic, one file each.
public protocol MicroKernels: GEMMKernels, PackingKernels, WinogradKernels, PointwiseKernels, NormalizationKernels,
  OptimizerKernels, MeasurementKernels, SamplingKernels
{
  /// Lanes of the vector type: 8 or 16.
  static var width: Int { get }
}
