import Foundation
import PlumbData
import PlumbTensor
import Testing

@Suite struct Llama2CFileTests {
    private static let isThere = SharedData.has("stories260K.bin") && SharedData.has("tok512.bin")

    private struct Golden: Decodable {
        let tokens: [Int]
        let text: String
    }

    @Test(.enabled(if: isThere, "needs stories260K.bin and tok512.bin in PLUMB_SHARED_DATA"))
    func storiesBecomesAFolderOfSafetensors() throws {
        let model = try Llama2CFile(contentsOf: SharedData.url("stories260K.bin"))
        #expect(model.width == 64 && model.mlpWidth == 172 && model.layers == 5 && model.vocabulary == 512)
        #expect(model.heads == 8 && model.keyValueHeads == 4 && model.context == 512 && model.isTied)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try model.writeFolder(to: folder)
        let checkpoint = try SafetensorsCheckpoint(folder: folder)
        let counts = try checkpoint.names.map { try checkpoint.tensor($0).shape.reduce(1, *) }
        #expect(counts.reduce(0, +) == 260_032)
        #expect(try checkpoint.tensor("model.layers.4.self_attn.k_proj.weight").shape == [32, 64])
    }

    @Test(.enabled(if: isThere, "needs stories260K.bin and tok512.bin in PLUMB_SHARED_DATA"))
    func storiesVocabularySpellsTheGoldenText() throws {
        let url = try #require(Bundle.module.url(forResource: "Golden/stories260k", withExtension: "json"))
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        let vocabulary = try Llama2CVocabulary(contentsOf: SharedData.url("tok512.bin"))
        #expect(vocabulary.tokens.count == 512)
        #expect(vocabulary.text(golden.tokens) == golden.text)
    }
}
