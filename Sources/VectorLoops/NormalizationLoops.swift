/// Per-channel sums and the affine maps of batch normalisation, channels last.
public protocol NormalizationLoops {
}
