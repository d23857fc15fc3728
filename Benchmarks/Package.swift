// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "plumbline-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "plumbline", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "plumb-bench",
            dependencies: [
                .product(name: "Plumbline", package: "plumbline"),
                .product(name: "plumb", package: "plumbline"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ])
    ]
)
