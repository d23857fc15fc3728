import PlumbData
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite struct ExplanationStudyTests {
    @Test func plantedUnitsAreExplainedAndExchangedOnesAreNot() throws {
        let study = ExplanationStudy()
        let planted = try study.planted(
            PlantedUnit.standard, GeneratedTexts.texts(150, key: RandomKey(101)),
            GeneratedTexts.texts(100, key: RandomKey(102)), key: RandomKey(103))
        for unit in planted {
            #expect(unit.right > 0.9 && unit.found > 0.9, "\(unit.name): \(unit.right), \(unit.found)")
            #expect(abs(unit.rightExchanged) < 0.1 && abs(unit.foundExchanged) < 0.1, "\(unit.name)")
        }
    }

    @Test func unitsOfAModelAreReadWhereTheyAre() throws {
        let pair = try TinyPair("gpt2-tiny")
        let point = HookPoint.block(1, .mlpPost)
        let value = try #require(pair.model.run(pair.clean, recording: .only(point)).cache[point])
        let width = value.shape[1]
        var direction = [Float](repeating: 0, count: width)
        direction[3] = 2
        let units = [
            ActivationUnit.neuron(3, block: 1), .direction(Tensor(direction, shape: [width]), at: point, name: "twice"),
        ]
        let records = try ActivationUnit.records(
            of: units, in: pair.model, texts: [pair.clean], skipping: 1, spelling: { "t\($0)" })
        #expect(records[0][0].tokens == pair.clean.dropFirst().map { "t\($0)" })
        #expect(records[0][0].activations == (1..<pair.clean.count).map { Double(value.elements[$0 * width + 3]) })
        #expect(records[1][0].activations == records[0][0].activations.map { 2 * $0 })
    }

    @Test func aUnitThatAModelLacksIsRefused() throws {
        let pair = try TinyPair("gpt2-tiny")
        for unit in [ActivationUnit.neuron(100_000, block: 0), .neuron(0, block: 99)] {
            #expect(throws: ModelError.self) {
                try ActivationUnit.records(of: [unit], in: pair.model, texts: [pair.clean])
            }
        }
    }

    @Test func aPerfectSimulationDoesNoHarmAndTheMeanExplainsNothing() throws {
        let pair = try TinyPair("gpt2-tiny")
        let records = try ActivationUnit.records(
            of: [.neuron(2, block: 0)], in: pair.model, texts: [pair.clean], spelling: { "\($0)" })[0]
        let mean = Statistics.mean(records[0].activations)
        func score(_ simulated: [Double]) throws -> Double {
            try SimulatedAblation.score(
                pair.model, neuron: 2, block: 0, texts: [pair.clean], simulated: [simulated], mean: mean)
        }
        #expect(try score(records[0].activations) == 1)
        #expect(try score(records[0].activations.map { _ in mean }) == 0)
    }

    @Test func anExplainerAsksWithTheTextsOfTheLargestActivations() async throws {
        let records = [
            ActivationRecord(tokens: ["dull"], activations: [0.1]),
            ActivationRecord(tokens: [" bright", "\n"], activations: [2, 1]),
        ]
        let explainer = PromptedExplainer(name: "echo", excerpts: 1) { messages in
            "  \(messages.last?.content.replacing("\n", with: "|") ?? "")\nmore"
        }
        #expect(try await explainer.explain(records) == .sentence("<start>| bright\t10|\\n\t5|<end>"))
        let silent = PromptedExplainer(name: "silent") { _ in " \n" }
        await #expect(throws: ExplanationError.self) { try await silent.explain(records) }
    }

    @Test func aPromptedSimulatorReadsOneNumberForEachToken() async throws {
        let simulator = PromptedSimulator { _ in "a\t0\n b\t7.5\n" }
        #expect(try await simulator.simulate(.sentence("x"), tokens: ["a", " b"]) == [0, 7.5])
        await #expect(throws: ExplanationError.self) {
            try await simulator.simulate(.sentence("x"), tokens: ["a", " b", "c"])
        }
        let wild = PromptedSimulator { _ in "a\t70" }
        await #expect(throws: ExplanationError.self) { try await wild.simulate(.sentence("x"), tokens: ["a"]) }
    }

    @Test func settingsThatDoNotFitAreRefused() {
        var study = ExplanationStudy()
        study.width = 30
        #expect(throws: SettingsError.self) { try study.check() }
        (study.width, study.neurons) = (16, 65)
        #expect(throws: SettingsError.self) { try study.check() }
    }

    @Test(.enabled(if: SmolLM2File.isThere, SmolLM2File.reason))
    func aLanguageModelSimulatesNumbersBetterFromTheRightSentence() throws {
        let model = try HookedTransformer.load(gguf: SmolLM2File.url)
        let simulator = try LanguageModelSimulator(model)
        let records = Array(NeuronPuzzle.standard[0].records.prefix(2))
        func score(_ sentence: String) throws -> Double {
            SimulationScore(
                simulated: try records.map { try simulator.simulate(.sentence(sentence), tokens: $0.tokens) },
                records: records
            ).correlation
        }
        let (right, wrong) = (try score("numbers"), try score("words for weather"))
        #expect(right > wrong, "\(right) \(wrong)")
    }
}
