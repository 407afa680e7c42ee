/// The contract between Kernels, which plans and parallelises, and the rooms VectorLoops8 and VectorLoops16, which
/// hold the same inner loops compiled once per vector width.
///
/// Every function works on raw pointers, on the calling thread, and allocates nothing. A function never looks at
/// memory that its counts do not name. The protocol is extended topic by topic, one file each.
public protocol VectorLoops: GEMMLoops, GatherLoops, WinogradLoops, PointwiseLoops, NormalizationLoops,
  OptimizerLoops, MeasurementLoops, SamplingLoops
{
  /// Lanes of the vector type: 8 or 16.
  static var width: Int { get }
}
