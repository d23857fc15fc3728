import PlumbGovernance
import PlumbNN
import PlumbTensor
import Testing

@Suite struct MonitoringTests {
    @Test func chipsToInspectAreThoseOfTheReference() {
        let plan = ChipInspection()
        let expected: [(run: Double, months: Double, needed: Int, marked: Int, few: (Int, Int)?, many: (Int, Int))] = [
            (5.76e23, 1, 1781, 1125, (204, 407), (2044, 4083)), (5.76e23, 3, 594, 564, (407, 811), (4074, 8130)),
            (1e25, 3, 10305, 9791, (23, 45), (234, 468)), (1e26, 3, 103_046, 97_915, nil, (23, 45)),
        ]
        for item in expected {
            #expect(plan.chipsNeeded(item.run, months: item.months) == item.needed)
            #expect(plan.chipsWithSnapshot(item.run, months: item.months) == item.marked)
            func count(_ chips: Int, _ probability: Double) -> Int? {
                ChipInspection.chipsToInspect(marked: item.marked, of: chips, probability: probability)
            }
            if let few = item.few { #expect(count(100_000, 0.9) == few.0 && count(100_000, 0.99) == few.1) }
            #expect(count(1_000_000, 0.9) == item.many.0 && count(1_000_000, 0.99) == item.many.1)
        }
    }

    @Test func detectionIsHypergeometric() {
        // 10 chips, 3 marked, 2 looked at: 1 - (7/10)(6/9)
        #expect(abs(ChipInspection.detection(marked: 3, inspected: 2, of: 10) - (1 - 42.0 / 90)) < 1e-12)
        #expect(ChipInspection.detection(marked: 0, inspected: 5, of: 10) == 0)
        #expect(ChipInspection.detection(marked: 5, inspected: 6, of: 10) == 1)
        #expect(ChipInspection.chipsToInspect(marked: 0, of: 10, probability: 0.5) == nil)
    }

    @Test func withoutSnapshotsNothingIsFound() {
        var plan = ChipInspection()
        plan.snapshots = 0
        let found = plan.simulatedDetection(
            5.76e23, months: 3, inspected: 500, of: 10_000, trials: 20, key: RandomKey(1))
        #expect(found == 0)
    }

    @Test func anyChangeOfOrderSeedOrDataChangesTheCommitment() {
        let order = DataOrder(batches: [[1, 2], [3, 4]], seed: 7, data: "a")
        #expect(order.commitment.count == 64)
        #expect(order.commitment == DataOrder(batches: [[1, 2], [3, 4]], seed: 7, data: "a").commitment)
        for other in [
            DataOrder(batches: [[3, 4], [1, 2]], seed: 7, data: "a"),
            DataOrder(batches: [[2, 1], [3, 4]], seed: 7, data: "a"),
            DataOrder(batches: [[1], [2, 3, 4]], seed: 7, data: "a"),
            DataOrder(batches: [[1, 2], [3, 4]], seed: 8, data: "a"),
            DataOrder(batches: [[1, 2], [3, 4]], seed: 7, data: "b"), DataOrder(batches: [[1, 2]], seed: 7, data: "a"),
        ] { #expect(order.commitment != other.commitment) }
    }

    @Test func aTranscriptReplaysToTheBitAndAFalseOneDoesNot() {
        var random = RandomKey(2).generator()
        let inputs = Tensor((0..<40 * 6).map { _ in Float(random.normal()) }, shape: [40, 6])
        let data = TrainingData(inputs: inputs, labels: (0..<40).map { $0 % 3 })
        let order = DataOrder(
            batches: (0..<12).map { step in (0..<8).map { ($0 * 5 + step) % 40 } }, seed: 1, data: data.hash)
        let start = MLP([6, 8, 3], key: RandomKey(1))
        let honest = TrainingTranscript.honest(order, from: start, data, every: 4, learningRate: 0.1)
        #expect(honest.errors(data, learningRate: 0.1) == [0, 0, 0])
        var false2 = honest
        false2.checkpoints[2] = false2.checkpoints[1]
        let errors = false2.errors(data, learningRate: 0.1)
        #expect(errors[0] == 0 && errors[1] > 0 && errors[2] > 0)
    }
}
