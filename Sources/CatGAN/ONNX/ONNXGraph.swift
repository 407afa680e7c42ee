// The part of ONNX's format (onnx.proto, IR version 8) that a generator needs: nodes in order, their weights, one input and
// one output. Numbers of fields are those of onnx.proto.

/// A graph under construction. Values are named; a node's output is the next one's input.
struct ONNXGraph {
  enum ElementType: Int {
    case float32 = 1
    case uint8 = 2
    case int64 = 7
    case float16 = 10
  }

  enum Attribute {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
  }

  /// A size, or the name of one that is known when the model runs.
  enum Dimension {
    case size(Int)
    case named(String)
  }

  private var graph = Protobuf()
  private var nodes = 0

  init(name: String) { graph.put(2, name) }

  /// Adds a node of the default domain.
  /// - Returns: the name of its output, which is `output` or made of its type and place.
  mutating func node(
    _ type: String, _ inputs: [String], _ attributes: [(String, Attribute)] = [], output: String? = nil
  ) -> String {
    nodes += 1
    let result = output ?? "\(type)_\(nodes)"
    var node = Protobuf()
    for input in inputs { node.put(1, input) }
    node.put(2, result)
    node.put(3, "\(type.lowercased())\(nodes)")
    node.put(4, type)
    for (name, value) in attributes {
      var attribute = Protobuf()
      attribute.put(1, name)
      switch value {
      case .float(let number):
        attribute.put(2, number)
        attribute.put(20, 1)
      case .int(let number):
        attribute.put(3, number)
        attribute.put(20, 2)
      case .string(let text):
        attribute.put(4, text)
        attribute.put(20, 3)
      case .ints(let numbers):
        for number in numbers { attribute.put(8, number) }
        attribute.put(20, 7)
      }
      node.put(5, attribute)
    }
    graph.put(1, node)
    return result
  }

  /// Adds a constant.
  /// - Parameter content: its elements, little-endian and densely packed.
  mutating func constant(_ name: String, _ type: ElementType, shape: [Int], content: [UInt8]) {
    var tensor = Protobuf()
    for size in shape { tensor.put(1, size) }
    tensor.put(2, type.rawValue)
    tensor.put(8, name)
    tensor.put(9, content)
    graph.put(5, tensor)
  }

  /// Adds a vector of whole numbers, which shapes and places are given by.
  mutating func constant(_ name: String, _ numbers: [Int]) {
    let content = numbers.flatMap { number in withUnsafeBytes(of: Int64(number).littleEndian) { Array($0) } }
    constant(name, .int64, shape: [numbers.count], content: content)
  }

  mutating func input(_ name: String, _ type: ElementType, _ shape: [Dimension]) {
    graph.put(11, ONNXGraph.value(name, type, shape))
  }

  mutating func output(_ name: String, _ type: ElementType, _ shape: [Dimension]) {
    graph.put(12, ONNXGraph.value(name, type, shape))
  }

  private static func value(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> Protobuf {
    var sizes = Protobuf()
    for dimension in shape {
      var size = Protobuf()
      switch dimension {
      case .size(let number): size.put(1, number)
      case .named(let name): size.put(2, name)
      }
      sizes.put(1, size)
    }
    var tensor = Protobuf()
    tensor.put(1, type.rawValue)
    tensor.put(2, sizes)
    var typeMessage = Protobuf()
    typeMessage.put(1, tensor)
    var value = Protobuf()
    value.put(1, name)
    value.put(2, typeMessage)
    return value
  }

  /// The whole file.
  /// - Parameters:
  ///   - opset: version of the default domain's operators.
  ///   - metadata: free texts by name.
  func model(producer: String, version: String, opset: Int, metadata: [(String, String)]) -> [UInt8] {
    var model = Protobuf()
    model.put(1, 8)
    model.put(2, producer)
    model.put(3, version)
    model.put(7, graph)
    var operators = Protobuf()
    operators.put(1, "")
    operators.put(2, opset)
    model.put(8, operators)
    for (key, value) in metadata {
      var entry = Protobuf()
      entry.put(1, key)
      entry.put(2, value)
      model.put(14, entry)
    }
    return model.bytes
  }
}
