import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// Encoders against `transformers` 5 (recorded by Scripts/record-encoders.py).
@Suite("Encoders")
struct EncoderTests {
    private struct Record: Decodable {
        let tokens: [Int]
        let types: [Int]
        let hidden: [[Float]]
        let pooled: [Float]

        var input: EncoderInput { EncoderInput(tokens, types: types) }
    }

    private func tiny() throws -> (encoder: HookedEncoder, records: [Record]) {
        (
            try HookedEncoder.load(folder: Golden.url("bert-tiny")),
            try Golden.decode([Record].self, "bert-tiny/hidden.json")
        )
    }

    @Test("Hidden and pooled states agree with transformers, with one segment and two")
    func hidden() throws {
        let (encoder, records) = try tiny()
        for record in records {
            let expected = Tensor(record.hidden.flatMap { $0 }, shape: [record.tokens.count, 32])
            let hidden = encoder.run(record.input).output
            #expect(largestDifference(hidden, expected) <= 1e-5)
            #expect(largestDifference(try #require(encoder.pooled(hidden)), Tensor(record.pooled, shape: [32])) <= 1e-5)
        }
        #expect(encoder.hidden(records.map(\.input)) == records.map { encoder.run($0.input).output })
    }

    @Test("Recording everything changes no bit, and patching everything gives the source run")
    func hooks() throws {
        let (encoder, records) = try tiny()
        let input = records[1].input
        let (hidden, cache) = encoder.run(input, recording: Recording { _ in true })
        #expect(hidden == encoder.run(input).output)
        #expect(Set(cache.points) == Set(encoder.hookPoints))
        let other = EncoderInput(input.tokens.reversed(), types: input.types)
        #expect(encoder.run(other).output != hidden)
        for point in [HookPoint.outside(.fullEmbed), .block(0, .normalizedResidPost)] {
            #expect(encoder.run(other, with: [.patch(point, from: cache)]).output == hidden, "\(point)")
        }
        let run = try encoder.gradients(input, recording: .sites(.normalizedResidPost)) { $0[0].summed() }
        #expect(run.gradients[.block(0, .normalizedResidPost)]?.isFinite ?? false)
    }

    @Test("What an encoder cannot read is refused in one sentence")
    func refused() throws {
        let encoder = try tiny().encoder
        #expect(throws: ModelError("the text has no tokens")) { try encoder.check([]) }
        #expect(throws: ModelError.self) { try encoder.check(EncoderInput(Array(repeating: 1, count: 25))) }
        #expect(throws: ModelError.self) { try encoder.check([61]) }
        #expect(throws: ModelError.self) { try encoder.check(EncoderInput([1], types: [2])) }
        #expect(throws: ModelError.self) { try HookedEncoder.load(folder: Golden.url(TinyModel.gpt2)) }
        #expect(throws: ModelError.self) { try HookedTransformer.load(folder: Golden.url("bert-tiny")) }
    }

    private struct MiniLM: Decodable {
        struct Pair: Decodable {
            let tokens: [[Int]]
            let cosine: Double
        }
        let pairs: [Pair]
        let hidden: [[Float]]
    }

    private static let miniLM = try? ModelStore().locateAtHand("minilm")

    @Test("MiniLM's hidden states and cosines agree with transformers", .enabled(if: miniLM != nil))
    func real() throws {
        // Without its tokenizer: the record has token ids.
        let folder = try #require(Self.miniLM).url
        let data = try Data(contentsOf: folder.appendingPathComponent("config.json"))
        let weights = WeightReader(try SafetensorsCheckpoint(folder: folder), HookedEncoder.names, .huggingFace)
        let encoder = try HookedEncoder(
            JSONDecoder().decode(HookedEncoder.File.self, from: data), from: weights, name: "minilm", tokenizer: nil,
            files: [])
        let record = try Golden.decode(MiniLM.self, "minilm.json")
        let tokens = record.pairs[0].tokens[0]
        let expected = Tensor(record.hidden.flatMap { $0 }, shape: [tokens.count, 384])
        #expect(largestDifference(encoder.run(EncoderInput(tokens)).output, expected) <= 1e-5)
        for pair in record.pairs {
            let means = encoder.embeddings(pair.tokens.map { EncoderInput($0) })
            #expect(abs(Double((means[0] * means[1]).summed().item) - pair.cosine) <= 1e-6)
        }
    }
}
