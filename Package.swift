// swift-tools-version: 6.2
import PackageDescription

// The micro-kernels are one set of sources, compiled twice: MicroKernels16 is a symlink to MicroKernels8 (SwiftPM refuses
// one path in two targets). `-march` reaches Swift's code generator only through the clang importer's flags, and
// without FMA in the target every `addingProduct` becomes a call into libm. Likewise `squareRoot()` of a vector is a call
// per lane unless -fno-math-errno says that nobody looks at errno.
#if arch(x86_64)
  let narrow: [SwiftSetting] = [
    .unsafeFlags([
      "-Ounchecked", "-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno", "-Xllvm", "-unroll-threshold=600",
    ])
  ]
  let wide: [SwiftSetting] = [
    .define("WIDE"),
    .unsafeFlags([
      "-Ounchecked", "-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512", "-Xcc", "-fno-math-errno",
      "-Xllvm", "-unroll-threshold=600",
    ]),
  ]
#else
  let narrow: [SwiftSetting] = [
    .unsafeFlags(["-Ounchecked", "-Xcc", "-fno-math-errno", "-Xllvm", "-unroll-threshold=600"])
  ]
  let wide: [SwiftSetting] = [.define("WIDE")] + narrow
#endif

let package = Package(
  name: "CatGAN",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Networks", targets: ["Networks"]),
    .library(name: "Layers", targets: ["Layers"]),
    .library(name: "Storage", targets: ["Storage"]),
    .library(name: "CatGAN", targets: ["CatGAN"]),
    .executable(name: "cattrain", targets: ["cattrain"]),
    .executable(name: "catgen", targets: ["catgen"]),
    .executable(name: "bench", targets: ["bench"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Training on many machines, by the MPI that pkg-config finds as mpi-c.")
  ],
  targets: [
    .systemLibrary(
      name: "CMPI", pkgConfig: "mpi-c", providers: [.apt(["libopenmpi-dev", "openmpi-bin"]), .brew(["open-mpi"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CWebP", pkgConfig: "libwebpdemux", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
    .systemLibrary(
      name: "CLittleCMS", pkgConfig: "lcms2", providers: [.apt(["liblcms2-dev"]), .brew(["little-cms2"])]),
    .systemLibrary(name: "CProcessor"),
    .target(name: "MicroKernels"),
    .target(name: "MicroKernels8", dependencies: ["MicroKernels", "CProcessor"], swiftSettings: narrow),
    .target(name: "MicroKernels16", dependencies: ["MicroKernels", "CProcessor"], swiftSettings: wide),
    .target(name: "Kernels", dependencies: ["MicroKernels", "MicroKernels8", "MicroKernels16", "CProcessor"]),
    .target(name: "Networks", dependencies: ["Kernels", "Storage"]),
    .target(name: "Cluster", dependencies: [.target(name: "CMPI", condition: .when(traits: ["MPI"]))]),
    .target(name: "Layers", dependencies: ["Cluster", "Kernels", "Networks", "Random", "Storage"]),
    .target(name: "Storage"),
    .target(name: "Arguments"),
    .target(name: "Random"),
    .target(name: "Text"),
    // Without the decoders: catgen links libpng and no other library.
    .target(name: "Images", dependencies: ["CPNG"]),
    .target(name: "ImageFormats", dependencies: ["Images", "Storage", "CPNG", "CJPEG", "CWebP", "CLittleCMS"]),
    .target(name: "Evaluation", dependencies: ["Images", "Kernels", "Random", "Text"]),
    .target(name: "Generation", dependencies: ["Images", "Kernels", "Networks", "Random", "Storage"]),
    .target(
      name: "CatGAN",
      dependencies: [
        "Cluster", "Generation", "ImageFormats", "Images", "Networks", "Layers", "Random", "Storage", "Text",
      ]),
    .executableTarget(
      name: "cattrain",
      dependencies: ["CatGAN", "Cluster", "Evaluation", "Generation", "Images", "Kernels", "Arguments", "Storage"]),
    .executableTarget(
      name: "catgen", dependencies: ["Generation", "Images", "Kernels", "Networks", "Storage", "Text", "Arguments"]),
    .executableTarget(
      name: "bench",
      dependencies: ["CatGAN", "Generation", "Kernels", "Networks", "Random", "Storage", "Text", "Arguments"]),
    // What all tests share. No product holds it.
    .target(name: "TestSupport", dependencies: ["Images", "Storage"], path: "Tests/TestSupport"),
    .testTarget(name: "TextTests", dependencies: ["Text"]),
    .testTarget(name: "RandomTests", dependencies: ["Random"]),
    .testTarget(name: "ClusterTests", dependencies: ["Cluster"]),
    .testTarget(name: "ArgumentsTests", dependencies: ["Arguments"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "MicroKernels", "TestSupport"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers", "Storage", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images", "Random", "CPNG", "TestSupport"]),
    .testTarget(
      name: "ImageFormatsTests", dependencies: ["ImageFormats", "Images", "Storage", "CJPEG", "TestSupport"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "CatGAN", "ImageFormats", "TestSupport"]),
    .testTarget(
      name: "GenerationTests", dependencies: ["Generation", "Kernels", "Networks", "Storage", "TestSupport"]),
    .testTarget(name: "CatGANTests", dependencies: ["CatGAN", "Kernels", "Networks", "TestSupport"]),
    .testTarget(
      name: "CommandTests", dependencies: ["cattrain", "catgen", "bench", "CatGAN", "Storage", "TestSupport"]),
  ]
)
