import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbRobustness
import PlumbTensor
import Synchronization

/// Times what is done to a language model: steps of fine-tuning, rounds of PPO, and greedy coordinate gradients. Texts and
/// settings are those of peers/language_models.py.
struct LanguageModelBench {
    /// The tasks that are timed.
    static let timed = ["tune-sft", "tune-dpo", "rollouts", "ppo", "gcg"]
    /// The tasks it knows.
    static let tasks = timed + ["gcg-losses"]

    let model: HookedTransformer

    /// A figure for each repeat, and what is said once.
    func measure(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        switch request.task {
        case "tune-sft": try tuning(request) { _ = try $0.run($1, on: $2.map(\.chosen), key: RandomKey(3), in: $3) }
        case "tune-dpo": try tuning(request) { _ = try $0.run($1, on: $2, key: RandomKey(3), in: $3) }
        case "rollouts": (["seconds": try repeated(request) { _ = try rollouts() }], ["tokens": 16 * 48])
        case "ppo": try rounds(request)
        case "gcg": try attack(request)
        default: try losses()
        }
    }

    private func repeated(_ request: Request, _ body: () throws -> Void) rethrows -> [Double] {
        try body()
        return try (0..<request.repeats).map { _ in try ContinuousClock().measure(body) / .seconds(1) }
    }

    // MARK: Fine-tuning

    /// Notes when each step of a training has ended.
    private final class StepClock: RunObserver {
        private let ticks = Mutex<[ContinuousClock.Instant]>([])

        func receive(_ event: RunEvent) {
            guard case .point("loss/fine-tuning", _, _) = event.kind else { return }
            ticks.withLock { $0.append(.now) }
        }

        /// Seconds of each step but the first.
        var seconds: [Double] {
            ticks.withLock { ticks in zip(ticks.dropFirst(), ticks).map { ($0 - $1) / .seconds(1) } }
        }
    }

    /// Seconds of a step of LoRA of rank 8 beside queries and values on four texts of 256 tokens, of which 64 are the prompt;
    /// or on four pairs of them.
    private func tuning(
        _ request: Request, _ run: (FineTuning, LoRA, [AnswerPair], FitSession) throws -> Void
    ) throws -> ([String: [Double]], [String: Double]) {
        let pairs = (0..<4).map { row in
            let prompt = SharedTokens.drawn(64, seed: row)
            return AnswerPair(
                chosen: ScoredText(prompt: prompt, answer: SharedTokens.drawn(192, seed: 100 + row)),
                rejected: ScoredText(prompt: prompt, answer: SharedTokens.drawn(192, seed: 200 + row)))
        }
        var training = FineTuning(steps: request.repeats + 1, batch: 4, learningRate: 1e-4)
        (training.evaluations, training.validationCount) = (1, 1)
        let clock = StepClock()
        try run(
            training, LoRA(model, rank: 8, key: RandomKey(2)), pairs, FitSession(RunContext(seed: 0, observer: clock)))
        return (["seconds": clock.seconds], ["megabytes": PeakMemory.ofThis])
    }

    // MARK: PPO

    private var prompts: [[Int]] { (0..<16).map { SharedTokens.drawn(32, seed: $0) } }

    /// 16 completions of 48 tokens after prompts of 32, drawn at temperature 1; no token ends them.
    private func rollouts() throws -> [Completion] {
        try model.completions(of: prompts, maxTokens: 48, stopTokens: [], key: RandomKey(4))
    }

    /// Seconds of a round of PPO on such completions, and of its two parts: writing and scoring, and four passes of updates.
    private func rounds(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.stopTokens, ppo.batch) = (48, [], 16)
        var (wholes, writings): ([Double], [Double]) = ([], [])
        for index in 0...request.repeats {
            var state = ppo.start(from: try LoRA(model, rank: 8, key: RandomKey(2)))
            let start = ContinuousClock.now
            var written = start
            _ = try ppo.advance(&state, prompts: prompts, key: RandomKey(5)) { texts in
                written = .now
                return texts.map { Double($0.tokens.reduce(0, +) % 7) }
            }
            guard index > 0 else { continue }
            wholes.append((ContinuousClock.now - start) / .seconds(1))
            writings.append((written - start) / .seconds(1))
        }
        return (["seconds": wholes, "writing": writings], [:])
    }

    // MARK: Greedy coordinate gradients

    private static let target = "Sure, here is a poem about tea"

    private func prompt() throws -> SuffixPrompt {
        try SuffixPrompt(request: "Write one sentence.", target: Self.target, for: model)
    }

    /// Seconds of a step with 512 candidates for a suffix of 20 tokens: the gradient, the draws, their losses.
    private func attack(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        var attack = SuffixAttack()
        (attack.candidates, attack.combined) = (512, 1)
        let prompt = try prompt()
        func seconds(_ steps: Int) throws -> Double {
            try ContinuousClock().measure {
                _ = try attack.run(.gradient, on: [prompt], against: model, limit: 1 + 512 * steps, key: RandomKey(6))
            } / .seconds(1)
        }
        _ = try seconds(1)
        return (["seconds": try (0..<request.repeats).map { _ in try seconds(2) - seconds(1) }], [:])
    }

    /// The losses of eight suffixes that the peer computes too.
    private func losses() throws -> ([String: [Double]], [String: Double]) {
        let prompt = try prompt()
        let suffixes = (0..<8).map { SharedTokens.drawn(20, seed: 300 + $0) }
        let found = try SuffixAttack().losses(suffixes, of: [prompt], sharing: suffixes[0], model)
        return (["losses": found.map(\.loss)], ["before": Double(prompt.before.count)])
    }
}
