/// Loops over elements that do not look at their neighbours: activations, bias, losses.
public protocol PointwiseLoops {
}
