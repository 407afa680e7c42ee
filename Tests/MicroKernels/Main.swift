import CHost
import MicroKernels8

let width = VectorKernels.width

/// Every micro-kernel against Double, over all edges, without an operating system's help but for memory and output. The
/// same source runs on every processor; a line of one that differs from that of another shows different bits.
@main
enum Main {
  static func main() {
    var values = 0
    var wrong = 0
    func check(_ name: StaticString, _ kernel: (inout Check) -> Void) {
      print(name, terminator: "")
      // So that who stops here is known by name.
      _ = fflush(nil)
      var check = Check()
      kernel(&check)
      print(
        ": \(check.values) values, \(check.wrong) wrong, largest error \(check.worst)% of its bound, digest \(check.digest)"
      )
      values += check.values
      wrong += check.wrong
    }
    check("gemmTile", gemmTile)
    check("gemmTileTransposed", gemmTileTransposed)
    check("gemmTileInPlace", gemmTileInPlace)
    check("packPanels", packPanels)
    check("scatterPanels", scatterPanels)
    check("transposePanel", transposePanel)
    check("unpackPanel", unpackPanel)
    check("overlapAdd", overlapAdd)
    check("inputTransform", inputTransform)
    check("outputTransform", outputTransform)
    check("outputGradientTransform", outputGradientTransform)
    check("filterTransform", filterTransform)
    check("filterRowTransform", filterRowTransform)
    check("filterRowProduct", filterRowProduct)
    check("filterGradientTransform", filterGradientTransform)
    check("addBias", addBias)
    check("leakyReLU", leakyReLU)
    check("leakyReLUBackward", leakyReLUBackward)
    check("tanh", hyperbolicTangent)
    check("tanhBackward", tanhBackward)
    check("sigmoid", sigmoid)
    check("sigmoidBackward", sigmoidBackward)
    check("silu", silu)
    check("siluBackward", siluBackward)
    check("gelu", gelu)
    check("geluBackward", geluBackward)
    check("maximum", maximum)
    check("routeToEqual", routeToEqual)
    check("addColumnSums", addColumnSums)
    check("scaleAndAdd", scaleAndAdd)
    check("addScaled", addScaled)
    check("dot", dot)
    check("columnMoments", columnMoments)
    check("affineLeaky", affineLeaky)
    check("affineLeakySums", affineLeakySums)
    check("normalizationGradient", normalizationGradient)
    check("adam", adam)
    check("movingAverage", movingAverage)
    check("biasLeakyReLU", biasLeakyReLU)
    check("biasTanhBytes", biasTanhBytes)
    check("multiplyAdd", multiplyAdd)
    check("read", read)
    check("copy", copy)
    check("triad", triad)
    print("all: \(values) values, \(wrong) wrong")
    exit(wrong == 0 ? 0 : 1)
  }
}
