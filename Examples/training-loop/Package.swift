// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "training-loop",
  dependencies: [.package(name: "CatGAN", path: "../..")],
  targets: [
    .executableTarget(
      name: "training-loop",
      dependencies: [
        .product(name: "CatGAN", package: "CatGAN"), .product(name: "Layers", package: "CatGAN"),
        .product(name: "Storage", package: "CatGAN"),
      ],
      path: "Sources",
      // Variables of main.swift belong to the main actor, and so do the functions that use them.
      swiftSettings: [.defaultIsolation(MainActor.self)])
  ]
)
