/// A layer made of others. Names of parameters are paths: each begins with the names of the containers around the layer.
protocol Container: Layer {
  var children: [any Layer] { get }
  /// Lets others have the memory of a training pass that backward does not take back.
  func release(to workspace: Workspace)
}

extension Container {
  /// Of all children, in their order.
  public var parameters: [Parameter] { children.flatMap(\.parameters) }
  /// Of all children, in their order.
  public var counters: [Counter] { children.flatMap(\.counters) }

  /// Gives the parameters and counters of all layers within their names in a network.
  /// - Parameter path: the beginning of the names of this container's own layers.
  func nameParameters(path: String) {
    for child in children {
      if let container = child as? any Container {
        container.nameParameters(path: "\(path)\(child.name).")
      } else {
        for parameter in child.parameters { parameter.path = path }
        for counter in child.counters { counter.path = path }
      }
    }
  }
}

extension Layer {
  /// The layer, or those that it is made of.
  public var leaves: [any Layer] { (self as? any Container)?.children.flatMap(\.leaves) ?? [self] }
}
