import Foundation
import PlumbAlignment
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbRecords
import PlumbTensor
import Testing

/// Models that one safetensors file holds: what comes back is what was kept, and what does not fit is refused.
@Suite struct SavableModelTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kept-\(UUID().uuidString)")

    private func withFolder(_ body: (URL) throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func expectSame<Model: SavableModel>(_ model: Model, _ folder: URL) throws {
        let url = folder.appendingPathComponent("\(Model.self).safetensors")
        try model.save(to: url)
        let read = try Model.load(url.path)
        #expect(read.parameters.map(\.name) == model.parameters.map(\.name))
        #expect(zip(read.parameters, model.parameters).allSatisfy { $0.tensor == $1.tensor })
        #expect(read.traits == model.traits)
    }

    @Test func everyKindComesBackWithTheSameNumbers() throws {
        try withFolder { folder in
            try expectSame(MazePolicy(inputs: 27, hidden: 8, key: RandomKey(1)), folder)
            try expectSame(ConvolutionalMazePolicy(side: 3, channels: 2, width: 8, key: RandomKey(5)), folder)
            try expectSame(LinearSelfAttention(width: 5, key: RandomKey(2)), folder)
            try expectSame(MLP([3, 7, 5, 2], activation: .gelu, key: RandomKey(3)), folder)
            try expectSame(RewardEnsemble(members: 3, inputs: 5, hidden: [6, 4], key: RandomKey(4)), folder)
        }
    }

    @Test func aFileOfAnotherKindOrShapeIsRefusedWithASentence() throws {
        try withFolder { folder in
            let url = folder.appendingPathComponent("model.safetensors")
            try MLP([3, 7, 2], key: RandomKey(3)).save(to: url)
            let other = #expect(throws: ModelError.self) { try MazePolicy.load(url.path) }
            #expect(other?.description.hasSuffix("holds a MLP, not a MazePolicy") == true)
            func write(_ tensors: [(String, [Int])], _ metadata: [String: String]) throws {
                var writer = SafetensorsWriter(metadata: metadata)
                for (name, shape) in tensors { writer.add(name, .zeros(shape)) }
                try writer.write(to: url)
            }
            let policy = ["plumbline.model": "MazePolicy"]
            try write([("first.weight", [4, 12]), ("second.weight", [4, 3]), ("output.weight", [4, 4])], policy)
            let shape = #expect(throws: ModelError.self) { try MazePolicy.load(url.path) }
            #expect(shape?.description.hasSuffix("second.weight has shape [4, 3], where [any, 4] belongs") == true)
            try write(
                [("first.weight", [4, 12]), ("second.weight", [4, 4]), ("output.weight", [4, 4]), ("x", [1])], policy)
            let extra = #expect(throws: ModelError.self) { try MazePolicy.load(url.path) }
            #expect(extra?.description.hasSuffix("holds a tensor x, which a MazePolicy has not") == true)
            try write([("first.weight", [4, 12])], policy)
            #expect(throws: FileError.self) { try MazePolicy.load(url.path) }
            try write([("layers.0.weight", [2, 2])], ["plumbline.model": "MLP", "activation": "sine"])
            let activation = #expect(throws: ModelError.self) { try MLP.load(url.path) }
            #expect(activation?.description.hasPrefix("there is no function \"sine\"") == true)
            try write([("layers.0.weight", [2, 2])], ["plumbline.model": "MLP"])
            let silent = #expect(throws: ModelError.self) { try MLP.load(url.path) }
            #expect(silent?.description.contains("should say what activation is") == true)
        }
    }

    @Test func aSessionKeepsModelsOnlyWhereItHasAPlaceForThem() throws {
        try withFolder { folder in
            let policy = MazePolicy(inputs: 12, hidden: 4, key: RandomKey(1))
            try FitSession.silent.keep(policy, as: "nowhere")
            let session = FitSession(models: folder.appendingPathComponent("artifacts"))
            try session.keep(policy, as: "region 3, no cheese/..")
            #expect(try MazePolicy.load(folder.path + "/artifacts/region-3-no-cheese-...safetensors").traits.isEmpty)
            let kept = try KeptModel.all(in: folder.appendingPathComponent("artifacts"))
            #expect(kept.map(\.name) == ["region-3-no-cheese-.."])
            #expect(try kept[0].artifact().sha256?.count == 64)
        }
    }
}
