import Foundation
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// Activations and control vectors as files hold what runs show.
@Suite struct CaptureTests {
    private func scratch(_ name: String) -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)-\(name)")
    }

    @Test func aCaptureHoldsTheActivationsOfEveryText() throws {
        let pair = try TinyPair("llama-tiny")
        let url = scratch("all.safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        let capture = try ActivationCapture(pair.model, sites: [.residPost, .z, .embed], layers: [1])
        #expect(capture.points == [.embed, .block(1, .z), .block(1, .residPost)])
        let texts = [pair.clean, Array(pair.corrupted.prefix(3))]
        try capture.run(pair.model, texts: texts, to: url)
        let file = try SafetensorsFile(contentsOf: url)
        #expect(try file.integers("tokens") == texts.joined().map(Int64.init))
        #expect(try file.integers("positions") == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2])
        #expect(try file.integers("texts") == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
        for point in capture.points {
            let stored = try file.tensor(point.description).dequantized()
            let runs = texts.map { pair.model.run($0, recording: .only(point)).cache[point] }
            #expect(stored == Tensor.concatenated(runs.compactMap { $0 }))
        }
        #expect(file.metadata["model"] == pair.model.name)
    }

    @Test func aCaptureForNumPyHoldsTheSameNumbers() throws {
        let pair = try TinyPair("llama-tiny")
        let (plain, packed) = (scratch("all.safetensors"), scratch("all.npz"))
        defer { for url in [plain, packed] { try? FileManager.default.removeItem(at: url) } }
        let capture = try ActivationCapture(pair.model, sites: [.residPost, .z], layers: [0, 1])
        let texts = [pair.clean, Array(pair.corrupted.prefix(3))]
        for url in [plain, packed] { try capture.run(pair.model, texts: texts, to: url) }
        let (file, archive) = (try SafetensorsFile(contentsOf: plain), try NPZFile(contentsOf: packed))
        let points = capture.points.map(\.description)
        #expect(archive.names == ["metadata.json"] + points + ["tokens", "positions", "texts"])
        for point in points { #expect(try archive.array(point).tensor() == file.tensor(point).dequantized()) }
        #expect(try archive.array("tokens").wholeNumbers() == texts.joined().map { $0 })
        #expect(try archive.array("texts").wholeNumbers() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    }

    @Test func positionsAreChosenInEveryText() throws {
        let pair = try TinyPair("gpt2-tiny")
        let url = scratch("last.safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        let texts = [pair.clean, Array(pair.corrupted.prefix(3))]
        let last = try ActivationCapture(pair.model, sites: [.mlpOut], layers: [0], positions: .last)
        try last.run(pair.model, texts: texts, to: url)
        let file = try SafetensorsFile(contentsOf: url)
        #expect(try file.integers("positions") == [7, 2])
        let point = HookPoint.block(0, .mlpOut)
        let rows = texts.compactMap { text in
            pair.model.run(text, recording: .only(point)).cache[point]?[text.count - 1]
        }
        #expect(
            try file.tensor("\(point)").dequantized() == Tensor.concatenated(rows.map { $0.reshaped([1, $0.count]) }))
        let fourth = try ActivationCapture(pair.model, sites: [.mlpOut], layers: [0], positions: .at([4]))
        #expect(throws: ModelError.self) { try fourth.run(pair.model, texts: texts, to: url) }
        #expect(throws: ModelError.self) { try ActivationCapture(pair.model, sites: [.pattern], layers: [0]) }
        #expect(throws: ModelError.self) { try ActivationCapture(pair.model, sites: [.z], layers: [9]) }
    }

    @Test func aCaptureThatEndsEarlyLeavesNothing() throws {
        struct Ended: Error {}
        let pair = try TinyPair("llama-tiny")
        let folder = scratch("folder")
        defer { try? FileManager.default.removeItem(at: folder) }
        let capture = try ActivationCapture(pair.model, sites: [.residPost], layers: [0])
        #expect(throws: Ended.self) {
            try capture.run(
                pair.model, texts: [pair.clean, pair.clean], to: folder.appendingPathComponent("x.safetensors")
            ) {
                _ in throw Ended()
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func aControlVectorIsTheDifferenceOfMeansAndSurvivesItsFile() throws {
        let pair = try TinyPair("llama-tiny")
        let (positive, negative) = ([pair.clean, Array(pair.clean.prefix(4))], [pair.corrupted])
        let vector = try ControlVector(pair.model, positive: positive, negative: negative)
        let point = HookPoint.block(1, .residPost)
        func last(_ text: [Int]) throws -> Tensor {
            try #require(pair.model.run(text, recording: .only(point)).cache[point])[text.count - 1]
        }
        let expected = (try last(positive[0]) + last(positive[1])) / 2 - (try last(pair.corrupted))
        #expect(vector.directions[1] == expected)
        let url = scratch("vector.gguf")
        defer { try? FileManager.default.removeItem(at: url) }
        try vector.write(to: url)
        let read = try ControlVector(contentsOf: url)
        #expect(read.modelHint == "llama")
        #expect(read.directions == vector.directions.filter { $0.key > 0 })
        #expect(throws: FileError.self) {
            try ControlVector(contentsOf: URL(fileURLWithPath: #filePath))
        }
    }

    @Test func steeringAddsTheDirectionWhereItIsAsked() throws {
        let pair = try TinyPair("gpt2-tiny")
        let vector = try ControlVector(pair.model, positive: [pair.clean], negative: [pair.corrupted])
        let direction = try #require(vector.directions[1])
        let all = try vector.interventions(pair.model, scale: 2, layers: [1])
        let expected = pair.model.run(
            pair.clean, with: [.steer(.block(1, .residPost), by: direction, scale: 2)]
        ).output
        #expect(pair.model.run(pair.clean, with: all).output == expected)
        let some = try vector.interventions(pair.model, scale: 2, layers: [1], positions: 3..<5)
        let cache = pair.model.run(pair.clean, with: some, recording: .only(.block(1, .residPost))).cache
        let plain = pair.model.run(pair.clean, recording: .only(.block(1, .residPost))).cache
        let (moved, usual) = (
            try #require(cache[.block(1, .residPost)]), try #require(plain[.block(1, .residPost)])
        )
        #expect(moved.rowsDiffering(from: usual) == [3, 4])
        #expect(throws: ModelError.self) { try vector.interventions(pair.model, layers: [99]) }
        #expect(throws: ModelError.self) {
            try ControlVector([0: Tensor([1, 2])]).interventions(pair.model)
        }
        // During a generation new tokens are steered at their own positions only.
        let new = try vector.interventions(pair.model, scale: 50, positions: 8..<Int.max)
        let steered = try pair.model.generate(pair.clean, maxTokens: 4, with: new).tokens
        let usualTokens = try pair.model.generate(pair.clean, maxTokens: 4).tokens
        #expect(steered.first == usualTokens.first)
    }
}
