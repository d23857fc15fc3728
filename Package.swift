// swift-tools-version: 6.2
import PackageDescription

// `PLUMB_DEV=1` optimizes the numeric floor even in debug builds, so that tests run at full speed.
// SwiftPM refuses unsafe flags in dependencies; clients of the package never see these.
let development = Context.environment["PLUMB_DEV"] != nil
let floorC: [CSetting] = development ? [.unsafeFlags(["-O2"], .when(configuration: .debug))] : []
let floorSwift: [SwiftSetting] = development ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "plumbline",
    platforms: [.macOS(.v15)],
    products: [
        .library(
            name: "Plumbline",
            targets: [
                "Plumbline", "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers",
                "PlumbNN",
                "PlumbData", "PlumbWorlds", "PlumbModels", "PlumbLearning", "PlumbInterpretability", "PlumbAlignment",
                "PlumbGovernance", "PlumbFoundations", "PlumbRobustness", "PlumbOversight", "PlumbEvaluations",
                "PlumbExperiments", "PlumbReport",
            ]),
        .library(name: "PlumbCommand", targets: ["PlumbCommand"]),
        .library(name: "PlumbJinja", targets: ["PlumbJinja"]),
        .executable(name: "plumb", targets: ["plumb"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
    ],
    targets: [
        // Level 0: C, and what every target may use.
        .target(name: "CPlumbKernels", cSettings: floorC),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .systemLibrary(name: "CLapack", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),
        .target(name: "PlumbBasics", swiftSettings: strict),
        // Level 1: values without models; records without tensors.
        .target(
            name: "PlumbTensor", dependencies: ["CPlumbKernels", "PlumbBasics"], swiftSettings: strict + floorSwift),
        .target(name: "PlumbRecords", dependencies: ["PlumbBasics"], swiftSettings: strict),
        .target(name: "PlumbTokenizers", dependencies: ["PlumbBasics"], swiftSettings: strict + floorSwift),
        .target(name: "PlumbJinja", swiftSettings: strict + floorSwift),
        // Level 2: layers; files and data; environments.
        .target(
            name: "PlumbNN", dependencies: ["CPlumbKernels", "PlumbBasics", "PlumbTensor"],
            swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbData",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbJinja", "CZlib",
                .target(name: "CCrypto", condition: .when(platforms: [.linux])),
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbLinearAlgebra",
            dependencies: ["PlumbTensor", .target(name: "CLapack", condition: .when(platforms: [.linux]))],
            swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbWorlds", dependencies: ["PlumbBasics", "PlumbTensor", "PlumbRecords"],
            swiftSettings: strict + floorSwift),
        // Level 3: models and what can be done to their activations.
        .target(
            name: "PlumbModels",
            dependencies: [
                "CPlumbKernels", "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData",
            ],
            swiftSettings: strict + floorSwift),
        // Level 4: loops that train models.
        .target(
            name: "PlumbLearning",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData", "PlumbWorlds", "PlumbModels",
            ],
            swiftSettings: strict + floorSwift),
        // Level 5: methods, one target a research family.
        .target(
            name: "PlumbInterpretability",
            dependencies: [
                "CPlumbKernels", "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers",
                "PlumbNN",
                "PlumbData", "PlumbModels", "PlumbLearning",
            ],
            swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbAlignment",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbWorlds",
                "PlumbModels", "PlumbLearning",
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbGovernance",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData",
                "PlumbModels", "PlumbLearning",
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbFoundations",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbNN", "PlumbWorlds",
                "PlumbLearning",
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbRobustness",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData", "PlumbModels", "PlumbLearning",
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbOversight",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData", "PlumbModels", "PlumbLearning",
            ], swiftSettings: strict + floorSwift),
        .target(
            name: "PlumbEvaluations",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbJinja",
                "PlumbNN", "PlumbData", "PlumbModels", "PlumbLearning", "CZlib",
            ], swiftSettings: strict + floorSwift),
        // Level 6: one file a question.
        .target(
            name: "PlumbExperiments",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbWorlds",
                "PlumbModels", "PlumbLearning",
                "PlumbInterpretability", "PlumbAlignment", "PlumbGovernance", "PlumbFoundations", "PlumbRobustness",
                "PlumbOversight", "PlumbEvaluations",
            ], swiftSettings: strict),
        // Level 7: pages and terminal tables, functions of a record.
        .target(name: "PlumbReport", dependencies: ["PlumbBasics", "PlumbRecords"], swiftSettings: strict),
        // Level 8: one import for everything; the command, and its executable.
        .target(
            name: "Plumbline",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbJinja",
                "PlumbNN", "PlumbData", "PlumbWorlds", "PlumbModels", "PlumbLearning", "PlumbInterpretability",
                "PlumbAlignment", "PlumbGovernance", "PlumbFoundations", "PlumbRobustness", "PlumbOversight",
                "PlumbEvaluations", "PlumbExperiments", "PlumbReport",
            ], swiftSettings: strict),
        .target(
            name: "PlumbCommand",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbJinja", "PlumbNN", "PlumbData",
                "PlumbWorlds", "PlumbModels", "PlumbLearning", "PlumbInterpretability", "PlumbAlignment",
                "PlumbRobustness", "PlumbOversight", "PlumbEvaluations", "PlumbExperiments",
                "PlumbReport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(name: "plumb", dependencies: ["PlumbCommand"], swiftSettings: strict),
        // A stranger's command with an experiment of its own, for the tests of the command.
        .executableTarget(name: "lab", dependencies: ["Plumbline", "PlumbCommand"], path: "Tests/Lab"),
        .testTarget(name: "PlumbBasicsTests", dependencies: ["PlumbBasics"], swiftSettings: strict),
        .testTarget(
            name: "PlumbTensorTests", dependencies: ["CPlumbKernels", "PlumbTensor", "PlumbLinearAlgebra", "PlumbNN"],
            resources: [.copy("Golden")], swiftSettings: strict + floorSwift),
        .testTarget(
            name: "PlumbNNTests", dependencies: ["PlumbTensor", "PlumbNN", "PlumbData"],
            resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbLearningTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbNN", "PlumbData", "PlumbWorlds", "PlumbModels",
                "PlumbLearning",
            ], resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbWorldsTests", dependencies: ["PlumbTensor", "PlumbRecords", "PlumbWorlds"],
            swiftSettings: strict),
        .testTarget(
            name: "PlumbAlignmentTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbNN", "PlumbData", "PlumbWorlds", "PlumbModels",
                "PlumbLearning",
                "PlumbAlignment",
            ], swiftSettings: strict),
        .testTarget(
            name: "PlumbGovernanceTests",
            dependencies: ["PlumbTensor", "PlumbRecords", "PlumbNN", "PlumbLearning", "PlumbGovernance"],
            swiftSettings: strict),
        .testTarget(
            name: "PlumbFoundationsTests",
            dependencies: ["PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbWorlds", "PlumbFoundations"],
            resources: [.copy("Golden")],
            swiftSettings: strict),
        .testTarget(
            name: "PlumbRobustnessTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbModels",
                "PlumbLearning", "PlumbRobustness",
            ], resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbOversightTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbModels",
                "PlumbLearning", "PlumbOversight",
            ], swiftSettings: strict),
        .testTarget(
            name: "PlumbEvaluationsTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbRecords", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbModels",
                "PlumbLearning", "PlumbEvaluations",
            ], swiftSettings: strict),
        .testTarget(
            name: "PlumbInterpretabilityTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbLinearAlgebra", "PlumbRecords", "PlumbTokenizers", "PlumbNN",
                "PlumbData", "PlumbModels", "PlumbLearning", "PlumbInterpretability",
            ], resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbJinjaTests", dependencies: ["PlumbJinja"], resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(name: "PlumbRecordsTests", dependencies: ["PlumbRecords"], swiftSettings: strict),
        .testTarget(
            name: "PlumbDataTests",
            dependencies: [
                "PlumbBasics", "PlumbTensor", "PlumbTokenizers", "PlumbJinja", "PlumbData", "CZlib",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbModelsTests",
            dependencies: [
                "PlumbTensor", "PlumbTokenizers", "PlumbNN", "PlumbData", "PlumbModels", "PlumbInterpretability",
            ],
            resources: [.copy("Golden")], swiftSettings: strict),
        .testTarget(
            name: "PlumbExperimentsTests",
            dependencies: [
                "PlumbTensor", "PlumbRecords", "PlumbModels", "PlumbLearning", "PlumbInterpretability",
                "PlumbAlignment",
                "PlumbExperiments",
            ], exclude: ["Golden"],
            swiftSettings: strict),
        .testTarget(
            name: "PlumbReportTests", dependencies: ["PlumbRecords", "PlumbReport"], swiftSettings: strict),
        .testTarget(
            name: "CommandTests", dependencies: ["plumb", "lab", "PlumbTokenizers", "PlumbData", "PlumbTensor"],
            resources: [.copy("Golden")],
            swiftSettings: strict),
    ]
)
