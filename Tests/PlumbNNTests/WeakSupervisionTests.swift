import Foundation
import PlumbNN
import PlumbTensor
import Testing

@Suite("Losses under weak supervision")
struct WeakSupervisionTests {
    private let three: Float = 1.0986123

    @Test("Cross-entropy against distributions is that of classes where they are certain")
    func distributions() {
        let logits = Tensor([1, 2, 3, 0, -1, 2], shape: [2, 3])
        let certain = Tensor([0, 0, 1, 1, 0, 0], shape: [2, 3])
        let soft = logits.crossEntropy(distributions: certain).item
        #expect(abs(soft - logits.crossEntropy([2, 0]).item) < 1e-6)
        // Logits (ln 3, 0) are probabilities 3/4 and 1/4.
        let mixed = Tensor([three, 0], shape: [1, 2]).crossEntropy(distributions: Tensor([0.5, 0.5], shape: [1, 2]))
            .item
        #expect(abs(mixed - Float(-0.5 * log(0.75) - 0.5 * log(0.25))) < 1e-6)
    }

    @Test("With a coefficient of 0 only the supervisor counts, with 1 only the student")
    func ends() {
        // Probabilities of class 0: 3/4, 1/4. The supervisor says class 1, class 0: half of each.
        let logits = Tensor([three, 0, 0, three], shape: [2, 2])
        let weak = Tensor([0, 1, 1, 0], shape: [2, 2])
        #expect(abs(logits.confidenceLoss(weak: weak, coefficient: 0).item - Float(-log(0.25))) < 1e-6)
        // The median of the probabilities is 1/2: the student is of class 0 in the first row, of class 1 in the second.
        #expect(abs(logits.confidenceLoss(weak: weak, coefficient: 1).item - Float(-log(0.75))) < 1e-6)
        // Half and half: -(log 3/4 + log 1/4) / 2.
        let half = logits.confidenceLoss(weak: weak, coefficient: 0.5).item
        #expect(abs(half - Float(-0.5 * log(0.75) - 0.5 * log(0.25))) < 1e-6)
    }

    @Test("The student's labels have the supervisor's balance, though its probabilities lean to one class")
    func balance() {
        // All four probabilities of class 0 are above 1/2; the supervisor says class 1 in one row of four.
        let odds: [Float] = [2, 3, 5, 9]
        let logits = Tensor(odds.flatMap { [Float(log(Double($0))), 0] }, shape: [4, 2])
        let weak = Tensor([1, 0, 1, 0, 1, 0, 0, 1], shape: [4, 2])
        // The quantile at 1/4 lies between 2/3 and 3/4, so the first row alone is of class 1.
        let expected = -(log(1.0 / 3) + log(3.0 / 4) + log(5.0 / 6) + log(9.0 / 10)) / 4
        #expect(abs(logits.confidenceLoss(weak: weak, coefficient: 1).item - Float(expected)) < 1e-6)
        // A supervisor that is sure of class 0 everywhere leaves no row for class 1.
        let sure = Tensor([1, 0, 1, 0, 1, 0, 1, 0], shape: [4, 2])
        let all = -(log(2.0 / 3) + log(3.0 / 4) + log(5.0 / 6) + log(9.0 / 10)) / 4
        #expect(abs(logits.confidenceLoss(weak: sure, coefficient: 1).item - Float(all)) < 1e-6)
    }

    @Test("No gradient flows through the student's own labels")
    func gradient() {
        let logits = Tensor([three, 0, 0, three, 0.5, 0], shape: [3, 2])
        let weak = Tensor([0.2, 0.8, 0.9, 0.1, 0.6, 0.4], shape: [3, 2])
        let (_, slope) = valueWithGradient(at: [logits]) { $0[0].confidenceLoss(weak: weak, coefficient: 0.5) }
        // The gradient of cross-entropy is softmax less target, over the rows. Class 1 has a mean share of 13/30; the
        // probabilities of class 0 are 3/4, 1/4 and 0.622, whose quantile there is near 0.57.
        let own: [Float] = [1, 0, 0, 1, 1, 0]
        let target = zip(weak.elements, own).map { 0.5 * $0 + 0.5 * $1 }
        let expected = zip(logits.softmax().elements, target).map { ($0 - $1) / 3 }
        #expect(zip(slope[0].elements, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test("The coefficient rises during the warm-up, then jumps to its weight")
    func schedule() {
        let schedule = ConfidenceSchedule()
        #expect(schedule.coefficient(at: 0) == 0)
        #expect(schedule.coefficient(at: 0.1) == 0.05)
        #expect(schedule.coefficient(at: 0.101) == 0.5)
        #expect(schedule.coefficient(at: 1) == 0.5)
        #expect(ConfidenceSchedule(weight: 0.8, warmup: 0.5).coefficient(at: 0.25) == 0.2)
    }
}
