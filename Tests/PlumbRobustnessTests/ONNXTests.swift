import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

/// The networks that `Scripts/record-onnx-networks.py` recorded.
enum ONNXGolden {
    struct Record: Codable {
        var inputs: [[Float]]
        var outputs: [[Float]]
    }

    static func url(_ name: String) throws -> URL {
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Golden/onnx") else {
            throw BoundError("Golden/onnx/\(name) is missing")
        }
        return url
    }

    static func records() throws -> [String: Record] {
        try JSONDecoder().decode([String: Record].self, from: Data(contentsOf: url("networks.json")))
    }
}

struct ONNXTests {
    static let names = ["perceptron", "pooled", "residual", "operators", "normalized"]

    @Test("A network from a file computes what ONNX Runtime computes, and its bounds enclose that", arguments: names)
    func computesTheSame(_ name: String) throws {
        let network = try NetworkGraph(onnx: ONNXGolden.url("\(name).onnx"))
        let record = try #require(ONNXGolden.records()[name])
        for (input, expected) in zip(record.inputs, record.outputs) {
            let x = Tensor(input, shape: [1, input.count])
            let found = network(x).elements
            #expect(found.count == expected.count)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 2e-6 * max(1, abs(b)), "\(a) \(b)") }
            let box = Interval(around: x, radius: 0.1)
            for method in BoundTests.methods {
                #expect(
                    try BoundPropagation(network)(box, method).contains(Tensor(expected, shape: [1, expected.count])))
            }
        }
    }

    @Test(
        "With channels last a network computes the same", arguments: ["normalized", "operators", "pooled", "residual"])
    func readsChannelsLast(_ name: String) throws {
        let network = try NetworkGraph(onnx: ONNXGolden.url("\(name).onnx"))
        let last = network.readingChannelsLast()
        let places = NetworkGraph.places(of: [1, 2, 0], network.inputShape)
        for input in try #require(ONNXGolden.records()[name]).inputs {
            let turned = Tensor(places.map { input[$0] }, shape: [1, input.count])
            #expect(last(turned) == network(Tensor(input, shape: [1, input.count])))
        }
    }

    @Test("A network from a file is saved and read like any other")
    func savedNetwork() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let network = try NetworkGraph(onnx: ONNXGolden.url("residual.onnx"))
        try network.save(to: scratch)
        let x = Tensor.normal([2, 72], key: RandomKey(1))
        #expect(try NetworkGraph.load(scratch.path)(x) == network(x))
    }

    @Test("An operator that cannot be read is named, with the node")
    func refusedOperators() throws {
        let error = #expect(throws: ModelError.self) { try NetworkGraph(onnx: ONNXGolden.url("refused.onnx")) }
        #expect(error?.description.contains("operator LeakyRelu of node leak cannot be read") == true)
    }

    @Test("What is no ONNX file is refused with a sentence")
    func noONNX() {
        for bytes: [UInt8] in [[], [0x08, 0x08], [0xFF, 0xFF], [0x3A, 0x7F, 1], Array("GGUF0000".utf8)] {
            #expect(throws: FileError.self) { try ONNXFile(MappedBytes(bytes), name: "f.onnx") }
        }
    }
}

struct VNNLIBTests {
    private func read(_ text: String) throws -> NetworkProperty {
        try NetworkProperty(vnnlib: Array(text.utf8), name: "p.vnnlib")
    }

    private let declarations = """
        ; two inputs, two outputs
        (declare-const X_0 Real)
        (declare-const X_1 Real)
        (declare-const Y_0 Real)
        (declare-const Y_1 Real)
        (assert (<= X_0 0.5)) (assert (>= X_0 -0.25))
        (assert (and (<= X_1 1e-1) (>= X_1 (- 2.0))))

        """

    @Test("Boxes, alternatives and sums are read")
    func readsProperties() throws {
        let property = try read(declarations + "(assert (or (and (<= Y_0 Y_1) (>= Y_0 3)) (>= (+ Y_1 (* 2 Y_0)) 1.5)))")
        #expect((property.inputs, property.outputs, property.regions.count) == (2, 2, 2))
        #expect(property.regions.allSatisfy { $0.lower == [-0.25, -2] && $0.upper == [0.5, 0.1] })
        #expect(property.regions[0].constraints == [.init([1, -1], atMost: 0), .init([-1, 0], atMost: -3)])
        #expect(property.regions[1].constraints == [.init([-2, -1], atMost: -1.5)])
    }

    @Test("Alternatives may have boxes of their own")
    func boxesOfAlternatives() throws {
        let property = try read(
            declarations + "(assert (or (and (<= X_0 0.0) (<= Y_0 0)) (and (>= X_0 0.25) (>= Y_0 1))))")
        #expect(property.regions.map(\.upper[0]) == [0, 0.5])
        #expect(property.regions.map(\.lower[0]) == [-0.25, 0.25])
    }

    @Test("What is wrong is said in a sentence")
    func refusals() {
        func message(_ text: String) -> String {
            do { return "no error: \(try read(text))" } catch { return "\(error)" }
        }
        #expect(message(declarations + "(assert (<= X_0 Y_0))").contains("X_0 is compared with other variables"))
        #expect(message(declarations + "(assert (< Y_0 1))").contains("< is none of and, or, <= and >="))
        #expect(message(declarations + "(assert (<= (* Y_0 Y_1) 1))").contains("a product of variables is not linear"))
        #expect(
            message(declarations + "(assert (<= Y_7 1))").contains("Y_7 is neither a number nor a declared variable"))
        #expect(message(declarations + "(assert (<= Y_0 1)").contains("a parenthesis is not closed"))
        #expect(message("(declare-const X_0 Real)(declare-const Y_0 Real)").contains("X_0 has no lower end"))
        #expect(message("(declare-const X_1 Real)").contains("X_1 is declared where X_0 or Y_0 would be next"))
        #expect(message("(check-sat)").contains("the command check-sat is not one of VNN-LIB 1.0's"))
        #expect(message(String(repeating: "(", count: 100_000)).contains("nested more than 200 deep"))
    }

    @Test("A file's network and property are decided, with a witness of the network itself")
    func certification() throws {
        let network = try NetworkGraph(onnx: ONNXGolden.url("perceptron.onnx"))
        var text = ""
        for i in 0..<5 { text += "(declare-const X_\(i) Real)(assert (<= X_\(i) 1))(assert (>= X_\(i) -1))\n" }
        for i in 0..<3 { text += "(declare-const Y_\(i) Real)\n" }
        let verdicts = try [-1e3, 1e3].map { bound in
            try BranchAndBound().verify(network, read(text + "(assert (<= Y_0 \(bound)))"), key: RandomKey(1)).verdict
        }
        #expect(verdicts[0] == .holds)
        guard case .violated(let x) = verdicts[1] else {
            Issue.record("\(verdicts[1])")
            return
        }
        #expect(network(x).elements[0] <= 1e3 && x.elements.allSatisfy { abs($0) <= 1 })
    }
}

struct ReaderFuzzTests {
    /// Bytes with some of them changed, cut out, repeated or missing.
    private func damaged(_ bytes: [UInt8], _ random: inout RandomKey.Generator) -> [UInt8] {
        var result = bytes
        for _ in 0...random.index(below: 4) where !result.isEmpty {
            let position = random.index(below: result.count)
            let end = min(result.count, position + 1 + random.index(below: 16))
            switch random.index(below: 6) {
            case 0: result[position] ^= 1 << UInt8(random.index(below: 8))
            case 1: result[position] = UInt8(truncatingIfNeeded: random.next())
            case 2: for i in position..<end { result[i] = 0xFF }
            case 3: result.removeLast(random.index(below: result.count))
            case 4: result.removeSubrange(position..<end)
            default: result.insert(contentsOf: result[position..<end], at: position)
            }
        }
        return result
    }

    private var rounds: Int { ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 2_000 }

    @Test("Damaged ONNX files never trap", arguments: ONNXTests.names)
    func damagedNetworksNeverTrap(_ name: String) throws {
        let whole = try [UInt8](Data(contentsOf: ONNXGolden.url("\(name).onnx")))
        var refused = 0
        for seed in 0..<rounds {
            var random = RandomKey(UInt64(seed)).generator()
            do {
                _ = try NetworkGraph(onnx: ONNXFile(MappedBytes(damaged(whole, &random)), name: "f.onnx"))
            } catch {
                refused += 1
                #expect(error is FileError || error is ModelError, "seed \(seed): \(error)")
            }
        }
        #expect(refused > rounds / 8 && refused < rounds)
    }

    @Test("Damaged VNN-LIB files never trap")
    func damagedPropertiesNeverTrap() {
        let whole = Array(
            """
            (declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)
            (assert (<= X_0 0.5)) (assert (>= X_0 -0.25)) (assert (and (<= X_1 1e-1) (>= X_1 (- 2.0))))
            (assert (or (and (<= Y_0 Y_1) (>= Y_0 3)) (>= (+ Y_1 (* 2 Y_0)) 1.5)))
            """.utf8)
        var refused = 0
        for seed in 0..<rounds * 2 {
            var random = RandomKey(UInt64(seed)).generator()
            do {
                _ = try NetworkProperty(vnnlib: damaged(whole, &random), name: "p.vnnlib")
            } catch {
                refused += 1
                #expect(error is BoundError, "seed \(seed): \(error)")
            }
        }
        #expect(refused > rounds / 4 && refused < rounds * 2)
    }
}
