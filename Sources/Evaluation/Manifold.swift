import Kernels

/// Improved precision and recall (Kynkäänniemi et al. 2019, arXiv 1904.06991): a cloud's manifold is the union of balls
/// around its vectors, each as large as the distance to its k-th nearest neighbour.
struct Manifold {
  /// The paper's.
  static let neighbours = 3

  let features: FeatureTable
  /// Squared radius of each vector's ball.
  private let radii: [Float]

  /// - Precondition: more vectors than `neighbours`.
  init(_ features: FeatureTable, _ context: Context) {
    precondition(features.count > Manifold.neighbours, "\(features.count) vectors have no third neighbour")
    self.features = features
    let count = features.count
    let distances = features.squaredDistances(to: features, context)
    radii = (0..<count).map { i in
      // The smallest is the vector itself.
      distances[i * count..<(i + 1) * count].sorted()[Manifold.neighbours]
    }
  }

  /// The share of `others` that is inside.
  func share(of others: FeatureTable, _ context: Context) -> Double {
    let distances = others.squaredDistances(to: features, context)
    let count = features.count
    let inside = (0..<others.count).count { i in (0..<count).contains { distances[i * count + $0] <= radii[$0] } }
    return Double(inside) / Double(others.count)
  }
}
