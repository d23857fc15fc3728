import ArgumentParser
import Foundation
import PlumbModels
import PlumbRobustness
import PlumbTensor

struct CertifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certify", abstract: "Decide whether a network has a property, for every input in a box.",
        discussion: """
            Prints as VNN-COMP has it: unsat where no input violates the property in any float32 evaluation of the network, sat \
            with an input that was run on the network where one does, unknown or timeout.
            """)

    @Option(help: "An ONNX file.") var network: String
    @Option(help: "A VNN-LIB file: the inputs and outputs that must not occur together.") var property: String
    @Option(parsing: .unconditional, help: "The most seconds to search.") var timeout = 116.0
    @Option(parsing: .unconditional, help: "The most parts that the box is split into.") var parts = 10_000_000
    @Option(parsing: .unconditional, help: "Seed of the attack's starts.") var seed: UInt64 = 0
    @Option(parsing: .unconditional, help: .threads) var threads: Int?

    func validate() throws {
        try PathOption.check(network, "--network")
        try PathOption.check(property, "--property")
        guard timeout > 0, timeout.isFinite else {
            throw ValidationError("--timeout must be a number of seconds above 0, got \(timeout)")
        }
        guard parts > 0 else { throw ValidationError("--parts must be at least 1, got \(parts)") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    }

    func run() async throws {
        if let threads { Compute.configure(threads: threads) }
        let graph = try NetworkGraph(onnx: URL(fileURLWithPath: network))
        let claim = try NetworkProperty(vnnlib: URL(fileURLWithPath: property))
        var search = BranchAndBound()
        (search.timeout, search.limit) = (timeout, parts)
        switch try search.verify(graph, claim, key: RandomKey(seed)).verdict {
        case .holds: print("unsat")
        case .unknown: print("unknown")
        case .timeout: print("timeout")
        case .violated(let input):
            print("sat")
            let output = graph(input).elements
            let lines =
                input.elements.enumerated().map { "(X_\($0) \(Self.decimal($1)))" }
                + output.enumerated().map { "(Y_\($0) \(Self.decimal($1)))" }
            print("(\(lines.joined(separator: "\n ")))")
        }
    }

    /// The shortest decimal that reads back as the same float32, without an exponent's letter that readers might not know.
    private static func decimal(_ value: Float) -> String { "\(value)" }
}
