// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "plumbline-examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "plumbline", path: "..")],
    targets: [
        .executableTarget(name: "patching", dependencies: [.product(name: "Plumbline", package: "plumbline")]),
        .executableTarget(name: "steering", dependencies: [.product(name: "Plumbline", package: "plumbline")]),
    ]
)
