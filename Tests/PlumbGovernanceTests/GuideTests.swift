import PlumbGovernance
import PlumbNN
import PlumbTensor
import Testing

/// The guide "Catch a training run" does what it says.
@Suite struct GuideTests {
    @Test func chipsAndTranscriptsOfTheGuide() throws {
        let inspection = ChipInspection()
        let marked = inspection.chipsWithSnapshot(5.76e23, months: 1)
        let chips = try #require(ChipInspection.chipsToInspect(marked: marked, of: 1_000_000, probability: 0.9))
        #expect(ChipInspection.detection(marked: marked, inspected: chips, of: 1_000_000) >= 0.9)
        #expect(ChipInspection.detection(marked: marked, inspected: chips - 1, of: 1_000_000) < 0.9)
        #expect(ChipInspection.chipsToInspect(marked: 0, of: 1_000_000, probability: 0.9) == nil)

        let data = TrainingData(
            inputs: Tensor.normal([16, 4], key: RandomKey(2)), labels: (0..<16).map { $0 % 2 })
        let batches = (0..<20).map { step in (0..<4).map { (step * 5 + $0 * 3) % 16 } }
        let order = DataOrder(batches: batches, seed: 1, data: data.hash)
        let model = MLP([4, 8, 2], key: RandomKey(1))
        var transcript = TrainingTranscript.honest(order, from: model, data, every: 10, learningRate: 0.1)
        #expect(transcript.errors(data, learningRate: 0.1) == [0, 0])
        transcript.order.batches.swapAt(0, 5)
        #expect(transcript.order.commitment != order.commitment)
        #expect(transcript.errors(data, learningRate: 0.1)[0] > 0)
    }
}
