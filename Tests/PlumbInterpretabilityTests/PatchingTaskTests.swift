import PlumbData
import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Tasks draw pairs that differ in one token and have different answers.
@Suite(.enabled(if: SmolLM2File.isThere, SmolLM2File.reason)) struct PatchingTaskTests {
    private let model: HookedTransformer

    init() throws { model = try HookedTransformer.load(gguf: SmolLM2File.url) }

    @Test(arguments: PatchingTask.all.map(\.id)) func pairsDifferInOneTokenBeforeTheLast(_ id: String) throws {
        let task = try #require(PatchingTask.all.first { $0.id == id })
        let pairs = try task.pairs(30, for: model, key: RandomKey(3))
        #expect(try task.pairs(30, for: model, key: RandomKey(3)) == pairs)
        #expect(try task.pairs(30, for: model, key: RandomKey(4)) != pairs)
        for pair in pairs {
            let tokens = try pair.tokenized(by: model)
            #expect(tokens.differing.count == 1, "\(pair)")
            #expect(tokens.differing[0] < tokens.alignedCount - 2, "a token between is needed: \(pair)")
        }
    }

    @Test func theGiverOfAbbaIsTheSecondNameAndOfBabaTheFirst() throws {
        let abba = try IndirectObject.pairs(20, for: model, key: RandomKey(1), order: .abba, variety: 4)
        let baba = try IndirectObject.pairs(20, for: model, key: RandomKey(1), order: .baba, variety: 4)
        #expect(Set(abba.map { $0.clean.prefix(4) }).count == 4)
        for (one, other) in zip(abba, baba) {
            #expect((one.clean, one.corrupted) == (other.corrupted, other.clean))
            #expect((one.answer, one.wrong) == (other.wrong, other.answer))
            // The answer is named once, the wrong answer twice.
            for pair in [one, other] {
                #expect(pair.clean.split(separator: pair.answer.dropFirst()).count == 2)
                #expect(pair.clean.split(separator: pair.wrong.dropFirst()).count == 3)
            }
        }
        // One sentence: the names decide, and draws are those of the pairs that attribution patching uses.
        #expect(
            try IndirectObject.pairs(5, for: model, key: RandomKey(1)).allSatisfy { $0.clean.contains(" went to the ") }
        )
    }

    @Test func sumsAreRightInTheirFirstDigit() throws {
        for pair in try PatchingTask.addition.pairs(50, for: model, key: RandomKey(2)) {
            for (prompt, answer) in [(pair.clean, pair.answer), (pair.corrupted, pair.wrong)] {
                let numbers = prompt.dropLast().split(separator: "+").compactMap { Int($0) }
                #expect("\(numbers.reduce(0, +) / 10)" == answer, "\(prompt)")
            }
        }
    }

    @Test func aTaskTheModelCannotDoIsNotMeasured() throws {
        let found = try TaskRecovery(.addition, model, count: 4, key: RandomKey(1), sweep: PatchSweep())
        #expect(found.profiles.isEmpty && found.right < 8)
        #expect(found.problem == "the model answers \(found.right) of 16 pairs right, both prompts of each")
        let other = try TaskRecovery(.abba, model, count: 2, key: RandomKey(1), sweep: PatchSweep())
        #expect(other.problem == nil && other.profiles.count == 2 && other.right > 8 && other.drawn == 16)
    }

    @Test("Few pairs answered right by luck do not make a task measurable")
    func luckIsNotAbility() throws {
        // Of some seed's first pair both prompts are answered right, and of most pairs they are not.
        let keys = (0..<40).map { RandomKey($0) }
        let lucky = try keys.first { key in
            let pair = try PatchingTask.addition.pairs(1, for: model, key: key)[0].tokenized(by: model)
            let difference = AnswerStanding(model, pair).difference
            return difference.clean > 0 && difference.corrupted < 0
        }
        let key = try #require(lucky)
        let found = try TaskRecovery(.addition, model, count: 1, key: key, sweep: PatchSweep())
        #expect(found.right > 0 && found.problem != nil && found.profiles.isEmpty)
    }
}

/// Words in sentences.
@Suite struct TemplateTests {
    @Test func onlyWholeWordsAreReplaced() {
        #expect(Template.filled("After A met a P, A", ["A": "Ann", "P": "Pat"]) == "After Ann met a Pat, Ann")
    }

    @Test func aVocabularyWithoutTheWordsIsAProblemAndNoError() throws {
        let found = try TaskRecovery(
            .capitals, TinyPair("gpt2-tiny").model, count: 2, key: RandomKey(1), sweep: PatchSweep())
        #expect(found.right == 0 && found.profiles.isEmpty)
        #expect(found.problem?.isEmpty == false)
    }
}
