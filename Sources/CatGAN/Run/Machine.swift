import Layers

/// What a run's history says about the machine.
enum Machine {
  /// The processor as the system names it; nil where it does not.
  static var processor: String? {
    Memory.lines("/proc/cpuinfo").first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last.map {
      String($0.drop { $0 == " " })
    }
  }
}
