/// Parameter updates.
public protocol OptimizerLoops {
}
