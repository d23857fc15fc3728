import Foundation
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers
import Testing

@testable import PlumbLearning

/// A tokenizer of bytes with turns as SmolLM2 writes them.
private enum Chat {
    static let template = """
        {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\
        {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
        """

    static func tokenizer(_ template: String = template) throws -> Tokenizer {
        let learned = BytePairTrainer(vocabularySize: 258, specialTokens: ["<|im_start|>", "<|im_end|>"]).train([""])
        let configuration = Data(#"{"eos_token":"<|im_end|>"}"#.utf8)
        return try Tokenizer(json: learned.json, configuration: configuration, chatTemplate: template)
    }

    static func encoder(longest: Int = 200, template: String = template) throws -> AnswerEncoder {
        AnswerEncoder(try tokenizer(template), longest: longest, now: Date(timeIntervalSince1970: 0))
    }

    static func file(_ text: String, longest: Int = 200) throws -> (file: AnswerFile, remove: () -> Void) {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("answers-\(UUID()).jsonl")
        try Data(text.utf8).write(to: url)
        return (
            AnswerFile(url, encoder: try encoder(longest: longest)), { try? FileManager.default.removeItem(at: url) }
        )
    }
}

@Suite struct AnswerEncoderTests {
    private func shown(_ text: ScoredText) throws -> String {
        let tokenizer = try Chat.tokenizer()
        return text.parts.map { $0.isScored ? "[" + tokenizer.decode($0.tokens) + "]" : tokenizer.decode($0.tokens) }
            .joined()
    }

    private func turns(_ texts: String...) -> [ChatMessage] {
        texts.enumerated().map {
            ChatMessage(role: $0.offset.isMultiple(of: 2) ? "user" : "assistant", content: $0.element)
        }
    }

    @Test func onlyTheAssistantsTurnsAreLearnedEachWithItsEnd() throws {
        let text = try Chat.encoder().conversation(turns("hi", "yo", "more?", "no"))
        #expect(
            try shown(text) == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n[yo<|im_end|>]\n"
                + "<|im_start|>user\nmore?<|im_end|>\n<|im_start|>assistant\n[no<|im_end|>]\n")
        let whole = try Chat.tokenizer().render(turns("hi", "yo", "more?", "no"), addGenerationPrompt: false)
        #expect(text.tokens == (try Chat.tokenizer().encode(whole, addSpecialTokens: false)))
        #expect(text.scoredCount == 6)
    }

    @Test func ofAnAnswerToAConversationOnlyTheAnswerIsLearned() throws {
        let text = try Chat.encoder().answer(
            .turns(Array(turns("hi", "no").suffix(1))), to: .turns(turns("hi", "yo", "more?")))
        #expect(
            try shown(text).hasSuffix(
                "yo<|im_end|>\n<|im_start|>user\nmore?<|im_end|>\n<|im_start|>assistant\n[no<|im_end|>]\n"))
        #expect(text.scoredCount == 3)
    }

    @Test func plainTextIsEndedAndCut() throws {
        let text = try Chat.encoder().answer(.text(" yes"), to: .text("hi"))
        #expect(try shown(text) == "hi[ yes<|im_end|>]")
        let cut = try Chat.encoder(longest: 4).answer(.text(" yes"), to: .text("hi"))
        #expect(try shown(cut) == "hi[ y]")
    }

    @Test func whatCannotBeLearnedIsSaid() throws {
        func problem(_ body: (AnswerEncoder) throws -> ScoredText) throws -> String {
            let encoder = try Chat.encoder(longest: 8)
            return (#expect(throws: FileError.self) { _ = try body(encoder) })?.description ?? ""
        }
        #expect(
            try problem { try $0.answer(.text("a"), to: .text("12345678")) }
                == "its prompt of 8 tokens leaves no room for an answer in 8 tokens")
        #expect(try problem { try $0.answer(.text(" \n"), to: .text("1")) } == "its \"completion\" is empty")
        #expect(try problem { try $0.conversation(turns("hi")) } == "it has no turn of the assistant to learn from")
        #expect(try problem { try $0.conversation(turns("hi", "")) } == "the assistant's turn 2 is empty")
        #expect(try problem { try $0.answer(.turns(turns("a")), to: .text("1")) }.contains("must both be text"))
        // A template that shows the last turn only.
        let forgetful = try Chat.encoder(template: "{{ messages[-1]['content'] }}")
        let error = #expect(throws: FileError.self) { _ = try forgetful.conversation(turns("hi", "yo")) }
        #expect(error?.description.contains("changes what it wrote before when turn 2 is added") == true)
    }
}

@Suite struct AnswerFileTests {
    @Test func columnsAreThoseOfTRL() throws {
        let (file, remove) = try Chat.file(
            """
            {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}], "source": 3}

            {"prompt": "2+2=", "completion": "4"}
            {"prompt": [{"role": "user", "content": "hi"}], "completion": [{"role": "assistant", "content": "yo"}]}

            """)
        defer { remove() }
        let answers = try file.answers()
        #expect(answers.map(\.scoredCount) == [3, 2, 3] && answers[0] == answers[2])
    }

    @Test func promptsOfPairsMayBeImplied() throws {
        let user = #"{"role": "user", "content": "hi"}"#
        func turn(_ text: String) -> String { #"{"role": "assistant", "content": "\#(text)"}"# }
        let (file, remove) = try Chat.file(
            """
            {"prompt": [\(user)], "chosen": [\(turn("yes"))], "rejected": [\(turn("no"))]}
            {"chosen": [\(user), \(turn("yes"))], "rejected": [\(user), \(turn("no"))]}
            {"prompt": "q", "chosen": "yes", "rejected": "no"}
            """)
        defer { remove() }
        let pairs = try file.pairs()
        #expect(pairs[0] == pairs[1] && pairs[0].chosen.scoredCount == 4 && pairs[0].rejected.scoredCount == 3)
        #expect(pairs[2].chosen.tokens.count == 5)
    }

    @Test(arguments: [
        ("{}", "it lacks \"messages\": each line has"), (#"{"completion": "a"}"#, "it lacks \"prompt\""),
        (#"{"prompt": "a"}"#, "it lacks \"completion\""), ("[1]", "it is not a JSON object"), ("{", "it is not JSON"),
        (#"{"prompt": 3, "completion": "a"}"#, "its \"prompt\" is neither text nor a list of turns"),
        (#"{"messages": [{"role": "user"}]}"#, "its \"messages\" is neither text nor"),
        (#"{"prompt": "a", "completion": ""}"#, "its \"completion\" is empty"),
    ]) func faultsOfAnswersAreNamedWithTheirLine(_ line: String, _ problem: String) throws {
        let (file, remove) = try Chat.file("\n\(line)\n")
        defer { remove() }
        let error = #expect(throws: FileError.self) { _ = try file.answers() }
        #expect(
            error?.description.hasPrefix("\(file.url.path), line 2: \(problem)") == true, "\(error.debugDescription)")
    }

    @Test(arguments: [
        (#"{"prompt": "a", "chosen": "b"}"#, "it lacks \"rejected\""),
        (#"{"prompt": "a", "rejected": "b"}"#, "it lacks \"chosen\""),
        (#"{"chosen": "a", "rejected": "b"}"#, "it lacks \"prompt\""),
        (#"{"prompt": "a", "chosen": "b", "rejected": "b"}"#, "its \"chosen\" and \"rejected\" are equal"),
        (#"{"prompt": "a", "chosen": "", "rejected": "b"}"#, "its \"chosen\" is empty"),
        (
            #"{"prompt": "a", "chosen": "123456789", "rejected": "123456788"}"#,
            "its \"chosen\" and \"rejected\" are equal in their first 8"
        ),
        (#"{"prompt": "12345678", "chosen": "a", "rejected": "b"}"#, "its prompt of 8 tokens leaves no room"),
    ]) func faultsOfPairsAreNamedWithTheirLine(_ line: String, _ problem: String) throws {
        let (file, remove) = try Chat.file(line, longest: 8)
        defer { remove() }
        let error = #expect(throws: FileError.self) { _ = try file.pairs() }
        #expect(
            error?.description.hasPrefix("\(file.url.path), line 1: \(problem)") == true, "\(error.debugDescription)")
    }

    @Test func aFileWithoutLinesIsRefused() throws {
        let (file, remove) = try Chat.file("\n \n")
        defer { remove() }
        let error = #expect(throws: FileError.self) { _ = try file.answers() }
        #expect(error?.description == "\(file.url.path) has no line to learn from")
    }
}

/// Asks a training to stop when it has made some steps.
private struct Stop: RunObserver {
    let step: Int
    let interruption = RunInterruption()

    func receive(_ event: RunEvent) {
        guard case .progress(_, _, let detail) = event.kind, let detail, detail.done >= step else { return }
        interruption.raise()
    }
}

@Suite struct FineTuningTests {
    private func model(_ seed: UInt64 = 0) throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .llama, layers: 2, width: 16, heads: 2, vocabulary: 12, context: 10),
            key: RandomKey(seed), initialization: .scaled())
    }

    private let answers = [
        ScoredText(prompt: [1, 2, 3], answer: [4, 5, 6, 0]), ScoredText(prompt: [1, 2], answer: [7, 8, 0]),
    ]
    private let pairs = [
        AnswerPair(
            chosen: ScoredText(prompt: [1, 2, 3], answer: [4, 5]), rejected: ScoredText(prompt: [1, 2, 3], answer: [6])),
        AnswerPair(
            chosen: ScoredText(prompt: [2], answer: [7]), rejected: ScoredText(prompt: [2], answer: [8, 9, 10])),
    ]
    private func lora(_ model: HookedTransformer) throws -> LoRA {
        try LoRA(model, rank: 4, targets: Set(LoRA.Target.allCases), key: RandomKey(2))
    }

    @Test func onlyScoredTokensCount() throws {
        let model = try model()
        let text = ScoredText([
            .init([1, 2], isScored: false), .init([3], isScored: true), .init([4, 5], isScored: false),
        ])
        let expected = -Double(model.run([1, 2]).output.logSoftmax()[1].elements[3])
        #expect(abs(Double(model.loss([text]).item) - expected) < 1e-5)
        #expect(abs(Double(model.logProbabilities([text]).elements[0]) + expected) < 1e-5)
        // Means over all tokens of a batch, sums over those of a text; a neighbor changes nothing.
        let single = answers.map { model.logProbabilities([$0]).elements[0] }
        #expect(model.logProbabilities(answers).elements == single)
        #expect(abs(model.loss(answers).item + (single[0] + single[1]) / 7) < 1e-5)
        #expect(!ScoredText([.init([3, 4], isScored: true)]).isScored[0])
    }

    @Test func twoAnswersAreLearnedByHeart() throws {
        let model = try model()
        let tuned = try FineTuning(steps: 150, batch: 2, learningRate: 2e-2).run(
            lora(model), on: answers, key: RandomKey(1))
        let ends = tuned.evaluations
        #expect(ends[0][FineTuning.AnswerMeasure.loss] > 1.5 && ends[0][FineTuning.AnswerMeasure.divergence] == 0)
        // The frozen unembedding bounds how far apart logits can be.
        #expect(ends.last?[FineTuning.AnswerMeasure.loss] ?? 9 < 0.3)
        #expect(ends.last?[FineTuning.AnswerMeasure.divergence] ?? 0 > 1)
        #expect(tuned.model.loss(answers).item < 0.3 && !tuned.isHeldOut)
        let whole = try FineTuning(steps: 150, batch: 2, learningRate: 2e-2).run(
            FullFineTuning(model), on: answers, key: RandomKey(1))
        #expect(whole.model.loss(answers).item < 0.05)
        #expect(
            try tuned.model.generate([1, 2, 3], maxTokens: 3, temperature: 0, key: RandomKey(0)).tokens == [4, 5, 6])
    }

    @Test(arguments: [PreferenceLoss.sigmoid, .identity, .hinge]) func preferencesRaiseMargins(_ loss: PreferenceLoss)
        throws
    {
        let tuned = try FineTuning(steps: 60, batch: 2, learningRate: 1e-2).run(
            lora(model()), on: pairs, loss: loss, weight: 0.5, key: RandomKey(1))
        typealias Measure = FineTuning.PreferenceMeasure
        let (first, last) = (tuned.evaluations[0], try #require(tuned.evaluations.last))
        #expect(first[Measure.margin] == 0 && first[Measure.divergence] == 0)
        #expect(last[Measure.accuracy] == 1 && last[Measure.margin] > 0.3 && last[Measure.loss] < first[Measure.loss])
        #expect(last[Measure.chosen] - last[Measure.rejected] > first[Measure.chosen] - first[Measure.rejected])
    }

    @Test func theReferenceIsTheModelWithoutPairsAndAllWeightsDoTheSame() throws {
        let model = try model()
        let ratios = PairRatios(model, model, pairs)
        #expect(ratios.losses(.sigmoid, 0.1).elements.allSatisfy { abs(Double($0) - log(2)) < 1e-6 })
        let tuned = try FineTuning(steps: 20, batch: 2, learningRate: 3e-3).run(
            FullFineTuning(model), on: pairs, key: RandomKey(1))
        #expect(tuned.evaluations.last?[FineTuning.PreferenceMeasure.accuracy] == 1)
        #expect(zip(tuned.model.parameters, model.parameters).allSatisfy { $0.tensor != $1.tensor })
    }

    @Test func whatIsStoppedGoesOnBitForBit() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tuning-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = try lora(model())
        let training = FineTuning(steps: 6, batch: 1, learningRate: 1e-2)
        let whole = try training.run(start, on: answers, key: RandomKey(1))
        let stop = Stop(step: 3)
        let context = RunContext(
            seed: 0, observer: stop, interruption: stop.interruption, checkpointFolder: folder)
        #expect(throws: RunInterrupted.self) {
            _ = try training.run(start, on: answers, key: RandomKey(1), in: FitSession(context))
        }
        let resumed = try training.run(start, on: answers, key: RandomKey(1), in: FitSession(checkpoints: folder))
        #expect(resumed.losses == whole.losses && resumed.losses.count == 6)
        #expect(zip(resumed.model.parameters, whole.model.parameters).allSatisfy { $0.tensor == $1.tensor })
    }

    @Test func divergenceKeepsTheLastGoodWeights() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tuning-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        var training = FineTuning(steps: 5, batch: 2, learningRate: 1e-2)
        let session = FitSession(checkpoints: folder)
        let sound = try training.run(lora(model()), on: answers, key: RandomKey(1), in: session)
        (training.steps, training.learningRate, training.clipNorm, training.evaluations) = (10, 1e30, nil, 1)
        let error = #expect(throws: FineTuning.Diverged.self) {
            _ = try training.run(try lora(model()), on: answers, key: RandomKey(1), in: session)
        }
        let kept = try #require(error)
        #expect(kept.steps == 5)
        #expect(zip(kept.model.parameters, sound.model.parameters).allSatisfy { $0.tensor == $1.tensor })
        #expect(kept.description.contains("diverged") && kept.description.hasSuffix("are the last good ones."))
        // Where nothing was kept that is better than the beginning, there is only the error.
        #expect(throws: FitError.self) { _ = try training.run(try lora(model()), on: answers, key: RandomKey(1)) }
    }

    @Test func whatCannotFitIsRefused() throws {
        let training = FineTuning(steps: 1, batch: 1, learningRate: 1)
        let error = #expect(throws: FitError.self) {
            _ = try training.run(try lora(model()), on: [ScoredText](), key: RandomKey(0))
        }
        #expect(error?.description == "there is nothing to learn from: give it a text or more")
    }
}
