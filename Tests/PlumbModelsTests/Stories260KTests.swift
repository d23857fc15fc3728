import Foundation
import PlumbTensor
import Testing

@testable import PlumbModels

/// A trained model of 260,000 parameters against plain float64 arithmetic.
@Suite struct Stories260KTests {
    private static let isThere = SharedData.has("stories260K.bin") && SharedData.has("tok512.bin")

    private struct Record: Decodable {
        let tokens: [Int]
        let text: String
        let logits: [String: [Float]]
    }

    @Test(.enabled(if: isThere, "needs stories260K.bin and tok512.bin in PLUMB_SHARED_DATA"))
    func greedyTextAndLogitsAreTheRecordedOnes() throws {
        let scratch = try Scratch()
        try Llama2CFile(contentsOf: SharedData.url("stories260K.bin")).writeFolder(to: scratch.folder)
        let model = try HookedTransformer.load(folder: scratch.folder)
        let record = try Golden.decode(Record.self, "stories260k.json")
        let generation = try model.generate([1], maxTokens: 60, recording: .only(.logits))
        #expect(generation.tokens == Array(record.tokens.dropFirst()))
        let vocabulary = try Llama2CVocabulary(contentsOf: SharedData.url("tok512.bin"))
        #expect(vocabulary.text([1] + generation.tokens) == record.text)
        let cached = try #require(generation.cache[.logits])
        let full = model.run(Array(record.tokens.dropLast())).output
        #expect(cached == full)
        for (position, logits) in record.logits {
            let row = full[try #require(Int(position))]
            #expect(largestDifference(row, Tensor(logits)) <= 1e-5 * scale(of: row), "position \(position)")
        }
    }
}
