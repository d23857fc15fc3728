import PlumbTensor
import PlumbWorlds
import Testing

/// A coin with chances of its own.
private struct OddCoin: FiniteWorld {
    var first = [1.0]
    var then = [1.0]

    enum Action: CaseIterable, Sendable { case toss }

    func start(using random: inout RandomKey.Generator) -> Int { 0 }
    func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        StepResult(reward: 0, isOver: true)
    }
    func starts() -> [(state: Int, probability: Double)] { first.enumerated().map { ($0.offset, $0.element) } }
    func outcomes(of action: Action, in state: Int) -> [Outcome<Int>] {
        then.map { Outcome(probability: $0, state: 0, result: StepResult(reward: 0, isOver: true)) }
    }
}

@Suite struct DecisionProcessTests {
    private func sentence(_ coin: OddCoin) -> String {
        do { _ = try ExploredWorld(coin) } catch { return "\(error)" }
        return ""
    }

    @Test func chancesOfAWorldMustSumToOne() {
        #expect(sentence(OddCoin()) == "" && sentence(OddCoin(first: [0.5, 0.5], then: [0.25, 0.75])) == "")
        for odd in [[], [0.5], [1.5, -0.5], [0.5, 0.6], [.nan]] as [[Double]] {
            #expect(sentence(OddCoin(first: odd)).contains("the probabilities of starts must not be negative"))
            #expect(sentence(OddCoin(then: odd)).contains("the probabilities of what follows toss in 0"))
        }
    }

    @Test func startsOfAProcessMustSumToOne() async {
        await #expect(processExitsWith: .failure) {
            _ = DecisionProcess(states: 2, actions: 1, start: [0.5, 0.4]) { _, _ in [.init(next: nil, reward: 0)] }
        }
    }
}
