import Foundation
import PlumbLearning
import PlumbNN
import PlumbOversight
import PlumbTensor
import Testing

@Suite("Networks of tokens") struct TokenNetworkTests {
    @Test("Tokens are one-hot vectors side by side")
    func oneHot() {
        let network = TokenNetwork([2, 3], hidden: 4, outputs: 2, key: RandomKey(1))
        let rows = network.oneHot([[0, 2], [1, 0]])
        #expect(rows.shape == [2, 5])
        #expect(rows.elements == [1, 0, 0, 0, 1, 0, 1, 1, 0, 0])
    }

    @Test("Log-probabilities of a row sum to one, and no rows give none")
    func probabilities() {
        let network = TokenNetwork([2, 3], hidden: 4, outputs: 3, key: RandomKey(1))
        let rows = network.logProbabilities([[0, 2], [1, 1]])
        #expect(rows.count == 2)
        #expect(rows.allSatisfy { abs($0.map { exp($0) }.reduce(0, +) - 1) < 1e-6 })
        #expect(network.logProbabilities([]).isEmpty)
    }

    @Test("Training teaches a function of two tokens")
    func training() throws {
        let pairs = (0..<9).map { [$0 / 3, $0 % 3] }
        let network = try TokenNetwork([3, 3], hidden: 24, outputs: 3, key: RandomKey(1)).trained(
            steps: 200, learningRate: 0.02, label: "sum", in: .silent
        ) { _ in (pairs, pairs.map { ($0[0] + $0[1]) % 3 }) }
        #expect(network.logits(pairs).argmaxOfRows() == pairs.map { ($0[0] + $0[1]) % 3 })
    }
}
