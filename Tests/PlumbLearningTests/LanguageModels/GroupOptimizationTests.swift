import Foundation
import PlumbModels
import PlumbNN
import PlumbData
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbLearning

private func model(_ seed: UInt64 = 0, vocabulary: Int = 3, context: Int = 6) throws -> HookedTransformer {
    try HookedTransformer(
        TransformerConfiguration(
            architecture: .llama, layers: 1, width: 8, heads: 2, vocabulary: vocabulary, context: context),
        key: RandomKey(seed), initialization: .scaled())
}

private func lora(_ model: HookedTransformer) throws -> LoRA {
    try LoRA(model, rank: 4, targets: Set(LoRA.Target.allCases), key: RandomKey(2))
}

/// Asks a training to stop when it has made some rounds.
private struct Stop: RunObserver {
    let step: Int
    let interruption = RunInterruption()

    func receive(_ event: RunEvent) {
        guard case .progress(_, _, let detail) = event.kind, let detail, detail.done >= step else { return }
        interruption.raise()
    }
}

@Suite struct CompletionTests {
    @Test func aTextIsEndedByItsStopTokenWhichIsKept() throws {
        let model = try model()
        let prompts = Array(repeating: [0], count: 64)
        let free = try model.completions(of: prompts, maxTokens: 4, stopTokens: [], key: RandomKey(1))
        let ended = try model.completions(of: prompts, maxTokens: 4, stopTokens: [2], key: RandomKey(1))
        for (whole, text) in zip(free, ended) {
            let end = whole.tokens.firstIndex(of: 2)
            #expect(text.tokens == end.map { Array(whole.tokens[...$0]) } ?? whole.tokens)
            #expect(text.isFinished == (end != nil) && !whole.isFinished)
        }
        #expect(ended.contains { $0.isFinished } && ended.contains { !$0.isFinished })
        #expect(ended[0].scored.scoredCount == ended[0].tokens.count)
    }

    @Test func divergencesDoNotDependOnThePass() throws {
        let (policy, reference) = (try model(3), try model(4))
        let texts = try policy.completions(of: [[0], [1, 2], [2]], maxTokens: 3, key: RandomKey(1))
        let all = policy.divergences(from: reference, on: texts)
        #expect(all == policy.divergences(from: reference, on: texts, rows: 1) && all.allSatisfy { $0 > 0 })
        #expect(policy.divergences(from: policy, on: texts).allSatisfy { $0 == 0 })
    }
}

@Suite struct GroupOptimizationTests {
    private func known(_ logs: [Double], _ reference: [Double]) -> LanguageModelPPO.Known {
        LanguageModelPPO.Known(logProbabilities: logs, reference: reference, values: logs.map { _ in 0 })
    }

    @Test func theTokensOfATextShareItsAdvantageOfWhichThePenaltyIsAPart() {
        var ppo = LanguageModelPPO()
        ppo.advantage = .leaveOneOut(group: 2)
        var texts = [known([-1, -1], [-2, -2]), known([-3], [-3])]
        ppo.credit(&texts, [1, 0], 0.25)
        // 1 - ¼ (-2 + 4) = ½ against 0.
        #expect(texts.map(\.advantages) == [[0.5, 0.5], [-0.5]])
        ppo.penaltyPlace = .loss
        ppo.credit(&texts, [1, 0], 0.25)
        #expect(texts.map(\.advantages) == [[1, 1], [-1]])
        ppo.advantage = .standardized(group: 2)
        ppo.credit(&texts, [1, 0], 0.25)
        #expect(abs(texts[0].advantages[0] - 0.5 / (0.5.squareRoot() + 1e-4)) < 1e-12)
    }

    @Test(arguments: [LanguageModelPPO.Advantage.standardized(group: 8), .leaveOneOut(group: 8), .values])
    func pairsOfMatricesLearnWhatIsRewardedAndPayForIt(_ advantage: LanguageModelPPO.Advantage) throws {
        let base = try model()
        var ppo = LanguageModelPPO()
        (ppo.advantage, ppo.maxTokens, ppo.passes, ppo.batch, ppo.learningRate) = (advantage, 1, 2, 64, 0.02)
        (ppo.penalty, ppo.valueClip) = (0.5, nil)
        let rewards = [0.0, 1, -0.5]
        func train(_ penalty: Double) throws -> TunedModel<HookedTransformer, LanguageModelPPO.Measure> {
            ppo.penalty = penalty
            return try ppo.run(lora(base), prompts: [[0]], rounds: 60, texts: 64, key: RandomKey(1)) {
                $0.map { rewards[$0.tokens[0]] }
            }
        }
        func probabilities(_ model: HookedTransformer) -> [Double] {
            model.run([0]).output[0].softmax().elements.map(Double.init)
        }
        let (free, held) = (try train(0.5), try train(1000))
        #expect(probabilities(free.model)[1] > 3 * probabilities(base)[1])
        #expect(free.evaluations.count == 60 && free.losses.count == 60)
        #expect(free.evaluations[0][LanguageModelPPO.Measure.divergence] == 0, "LoRA begins as its reference")
        let end = ExactDivergence.kl(probabilities(held.model), probabilities(base))
        #expect(end < 0.02, "a large penalty keeps the policy: \(end)")
        let measured = try #require(free.evaluations.last)
        #expect(measured[LanguageModelPPO.Measure.entropy] > 0 && measured[LanguageModelPPO.Measure.length] == 1)
    }

    @Test func thePenaltyInTheLossKeepsThePolicyToo() throws {
        let base = try model()
        var ppo = LanguageModelPPO()
        (ppo.advantage, ppo.penaltyPlace, ppo.maxTokens) = (.standardized(group: 8), .loss, 1)
        (ppo.passes, ppo.batch, ppo.learningRate) = (2, 64, 0.02)
        func end(_ penalty: Double) throws -> Double {
            ppo.penalty = penalty
            let tuned = try ppo.run(lora(base), prompts: [[0]], rounds: 30, texts: 64, key: RandomKey(1)) {
                $0.map { Double($0.tokens[0]) }
            }
            return tuned.evaluations.last?[LanguageModelPPO.Measure.divergence] ?? .nan
        }
        let (free, held) = (try end(0), try end(1))
        #expect(free > 2 * held && held > 0, "\(free) \(held)")
    }

    @Test func whatIsStoppedGoesOnBitForBit() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ppo-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.passes, ppo.learningRate, ppo.adaptive) = (2, 2, 0.01, AdaptiveKLWeight(target: 0.1))
        func run(_ session: FitSession) throws -> TunedModel<HookedTransformer, LanguageModelPPO.Measure> {
            try ppo.run(
                lora(model()), prompts: [[0], [1], [2]], rounds: 5, texts: 4, key: RandomKey(3), in: session
            ) { $0.map { Double($0.tokens[0]) } }
        }
        let whole = try run(.silent)
        let stop = Stop(step: 2)
        let context = RunContext(seed: 0, observer: stop, interruption: stop.interruption, checkpointFolder: folder)
        #expect(throws: RunInterrupted.self) { _ = try run(FitSession(context)) }
        let resumed = try run(FitSession(checkpoints: folder))
        #expect(resumed.losses == whole.losses && resumed.evaluations == whole.evaluations)
        #expect(zip(resumed.model.parameters, whole.model.parameters).allSatisfy { $0.tensor == $1.tensor })
        // Another number of rounds would have other learning rates.
        #expect(throws: FitError.self) {
            _ = try ppo.run(
                lora(model()), prompts: [[0]], rounds: 6, texts: 4, key: RandomKey(3),
                in: FitSession(checkpoints: folder)
            ) { $0.map { _ in 0 } }
        }
    }

    @Test func aRewardThatNeverVariesIsSaidAtOnce() throws {
        var ppo = LanguageModelPPO()
        ppo.maxTokens = 2
        func problem(_ score: @escaping ([Completion]) -> [Double]) throws -> String {
            let error = #expect(throws: FitError.self) {
                _ = try ppo.run(
                    lora(model()), prompts: [[0], [1]], rounds: 9, texts: 8, key: RandomKey(1), score: score)
            }
            return error?.description ?? ""
        }
        #expect(
            try problem { $0.map { _ in 0.5 } }
                == "the reward does not vary: all 8 texts of the first round have 0.5. Look at the reward, or take more "
                + "texts a round.")
        #expect(try problem { $0.map { _ in .nan } }.contains("needs a finite score for each of 8 texts"))
        ppo.advantage = .standardized(group: 4)
        #expect(
            try problem { $0.map { Double($0.prompt[0]) } }.hasPrefix(
                "the reward does not vary within any group of 4 texts to one prompt"))
        ppo.advantage = .leaveOneOut(group: 3)
        #expect(try problem { $0.map { _ in 0 } } == "8 texts a round cannot be cut into groups of 3")
    }

    @Test func aPromptThatLeavesNoRoomIsNamed() throws {
        var ppo = LanguageModelPPO()
        ppo.maxTokens = 4
        let error = #expect(throws: FitError.self) {
            _ = try ppo.run(
                lora(model()), prompts: [[0], [0, 1, 2]], rounds: 1, texts: 2, key: RandomKey(1)
            ) { $0.map { _ in 0 } }
        }
        #expect(
            error?.description == "prompt 2 of 3 tokens leaves no room for 4 more: the model reads 6")
    }

    @Test func divergenceStopsWithTheLastGoodWeights() throws {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.penalty, ppo.learningRate, ppo.passes) = (3, 0, 0.003, 1)
        ppo.divergenceLimit = 0.05
        let base = try model()
        let error = #expect(throws: DivergedTraining<HookedTransformer>.self) {
            _ = try ppo.run(lora(base), prompts: [[0]], rounds: 60, texts: 32, key: RandomKey(1)) {
                $0.map { Double($0.tokens.count { $0 == 1 }) }
            }
        }
        let kept = try #require(error)
        let texts = try kept.model.completions(
            of: Array(repeating: [0], count: 256), maxTokens: 3, key: RandomKey(5))
        #expect(Statistics.mean(kept.model.divergences(from: base, on: texts)) < 0.08)
        #expect(kept.steps > 0 && kept.description.contains("nats a text from the reference, more than 0.05"))
        // A reward that breaks later keeps what was learned.
        var calls = 0
        ppo.divergenceLimit = nil
        let broken = #expect(throws: DivergedTraining<HookedTransformer>.self) {
            _ = try ppo.run(lora(base), prompts: [[0]], rounds: 9, texts: 32, key: RandomKey(1)) { texts in
                calls += 1
                return texts.map { calls > 3 ? .nan : Double($0.tokens.reduce(0, +)) }
            }
        }
        #expect(broken?.steps == 3 && broken?.model.parameters.allSatisfy { $0.tensor.isFinite } == true)
    }

    @Test func aTextThatDoesNotEndPays() throws {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.stopTokens, ppo.missingEndPenalty, ppo.penalty) = (2, [2], 1, 0)
        (ppo.learningRate, ppo.passes) = (0.02, 2)
        let tuned = try ppo.run(lora(model()), prompts: [[0]], rounds: 40, texts: 64, key: RandomKey(1)) {
            // Something that varies and is worth nothing.
            $0.enumerated().map { $0.offset.isMultiple(of: 2) ? 1e-3 : 0 }
        }
        let finished = tuned.curve(.finished)
        #expect((finished.last ?? 0) > finished[0] + 0.2, "\(finished)")
    }
}

@Suite struct FineTunedRewardTests {
    private func pairs(_ count: Int, seed: UInt64) -> [AnswerPair] {
        var random = RandomKey(seed).generator()
        func text() -> [Int] { (0..<4).map { _ in random.index(below: 3) } }
        return (0..<count).compactMap { _ in
            let (a, b) = (text(), text())
            let (first, second) = (a.count { $0 == 1 }, b.count { $0 == 1 })
            guard first != second else { return nil }
            let (chosen, rejected) = first > second ? (a, b) : (b, a)
            return AnswerPair(
                chosen: ScoredText(prompt: [0], answer: chosen), rejected: ScoredText(prompt: [0], answer: rejected))
        }
    }

    private func accuracy(_ reward: RewardModel, _ pairs: [AnswerPair]) -> Double {
        let chosen = reward.scores(pairs.map(\.chosen.throughAnswer))
        let rejected = reward.scores(pairs.map(\.rejected.throughAnswer))
        return Statistics.mean(zip(chosen, rejected).map { $0 > $1 ? 1 : 0 })
    }

    @Test func pairsAllWeightsAndTheHeadAloneLearnAReward() throws {
        let base = try model()
        let training = FineTuning(steps: 150, batch: 16, learningRate: 1e-2)
        let (data, fresh) = (pairs(300, seed: 1), pairs(200, seed: 2))
        let adapted = try training.run(FineTunedReward(try lora(base)), on: data, key: RandomKey(1))
        let whole = try training.run(FineTunedReward(FullFineTuning(base)), on: data, key: RandomKey(1))
        let head = try training.run(FineTunedReward(FrozenModel(base)), on: data, key: RandomKey(1))
        typealias Measure = FineTuning.RewardMeasure
        #expect(adapted.isHeldOut && abs(adapted.evaluations[0][Measure.loss] - log(2)) < 1e-6)
        #expect(accuracy(adapted.model, fresh) > 0.9 && accuracy(whole.model, fresh) > 0.9)
        #expect(accuracy(head.model, fresh) > 0.55)
        #expect(zip(head.model.trunk.parameters, base.parameters).allSatisfy { $0.tensor == $1.tensor })
        let last = try #require(adapted.evaluations.last)
        #expect(last[Measure.least] < last[Measure.mean] && last[Measure.mean] < last[Measure.greatest])
        #expect(last[Measure.accuracy] > 0.85 && last[Measure.margin] > 0)
    }

    @Test func aFolderHoldsModelAndHead() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("reward-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = pairs(60, seed: 1)
        let learned = try FineTuning(steps: 20, batch: 8, learningRate: 1e-2).run(
            FineTunedReward(FullFineTuning(try model())), on: data, key: RandomKey(1)
        ).model
        try learned.save(folder: folder)
        let read = try await RewardModel.load(folder: folder.path)
        let texts = data.map(\.chosen.throughAnswer)
        #expect(read.scores(texts) == learned.scores(texts))
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
        #expect(names == ["config.json", "model.safetensors", "reward_head.safetensors"])
        try FileManager.default.removeItem(at: folder.appendingPathComponent("reward_head.safetensors"))
        let error = await #expect(throws: ModelError.self) { _ = try await RewardModel.load(folder: folder.path) }
        #expect(error?.description.contains("has no reward_head.safetensors") == true)
    }

    @Test func whatATemplateWritesBehindAnAnswerIsNotRead() {
        let text = ScoredText([
            .init([1], isScored: false), .init([2, 3], isScored: true), .init([4], isScored: false),
        ])
        #expect(text.throughAnswer == [1, 2, 3])
    }
}

@Suite struct ReferenceLogTests {
    @Test func theReferencesLogProbabilitiesAreThoseOfEachStepBitForBit() throws {
        let (policy, reference) = (try model(3, vocabulary: 8, context: 12), try model(4, vocabulary: 8, context: 12))
        var random = RandomKey(5).generator()
        let pairs = (0..<7).map { _ in
            let answers = (0..<2).map { _ in
                ScoredText(
                    prompt: [0, 1], answer: (0...random.index(below: 6)).map { _ in random.index(below: 8) })
            }
            return AnswerPair(chosen: answers[0], rejected: answers[1])
        }
        let logs = try ReferenceLogs(reference, pairs, used: Array(pairs.indices), rows: 3, in: .silent)
        for rows in [[2, 5], [6, 0, 1], [4]] {
            let (once, each) = (
                PairRatios(policy, pairs, rows, logs), PairRatios(policy, reference, rows.map { pairs[$0] })
            )
            #expect(once.chosenRatios.elements == each.chosenRatios.elements)
            #expect(once.rejectedRatios.elements == each.rejectedRatios.elements)
            #expect(once.losses(.sigmoid, 0.1).elements == each.losses(.sigmoid, 0.1).elements)
        }
    }
}

@Suite struct LexiconRewardTests {
    private func file(_ text: String) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("words-\(UUID()).txt")
        try Data(text.utf8).write(to: url)
        return url
    }

    @Test func wordsAreCountedAsOftenAsTheyStand() throws {
        let url = try file("# praise\ngood 1\ngreat\t2.5\n\nbad -1\r\nfine\n")
        defer { try? FileManager.default.removeItem(at: url) }
        let reward = try LexiconReward(contentsOf: url)
        #expect(reward.weights == ["good": 1, "great": 2.5, "bad": -1, "fine": 1])
        #expect(reward.score("Good, GREAT and good; not goodness. A bad one") == 3.5)
        #expect(reward.score("") == 0)
    }

    @Test(arguments: [
        ("good x", "line 1: there must be a word and a number"), ("good 1 2", "line 1: there must be a word"),
        ("\ngood 1\ngood 2", "line 3: \"good\" has a weight already"), ("two-fold 1", "is not one word of letters"),
        ("good nan", "line 1: there must be a word and a number"), ("", "has no word with a weight"),
        ("good 0", "so that the reward would never vary"),
    ]) func faultsOfAListAreNamed(_ text: String, _ problem: String) throws {
        let url = try file(text)
        defer { try? FileManager.default.removeItem(at: url) }
        let error = #expect(throws: FileError.self) { _ = try LexiconReward(contentsOf: url) }
        #expect(error?.description.contains(problem) == true, "\(error.debugDescription)")
    }
}
