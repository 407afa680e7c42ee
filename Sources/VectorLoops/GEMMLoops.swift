/// The register-tile kernels behind every matrix product.
public protocol GEMMLoops {
}
