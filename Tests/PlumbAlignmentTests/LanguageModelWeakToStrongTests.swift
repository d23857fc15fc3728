import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbAlignment

@Suite("A language model taught by a bag of words") struct LanguageModelWeakToStrongTests {
    private static let small = TransformerConfiguration(
        architecture: .llama, layers: 1, width: 16, heads: 2, vocabulary: 8, context: 4)

    @Test("\"Not\" turns the word of a text around, in about a fifth of all texts")
    func opinions() {
        let texts = (0..<400).map { OpinionText(key: RandomKey(4)[$0]) }
        let (plain, negated) = (
            texts.filter { !$0.words.contains("not") }, texts.filter { $0.words.contains("not") }
        )
        #expect((40...120).contains(negated.count))
        let praise = Set(plain.filter(\.isPraise).compactMap(\.words.last))
        let blame = Set(plain.filter { !$0.isPraise }.compactMap(\.words.last))
        #expect(praise.isDisjoint(with: blame))
        for text in negated {
            guard let word = text.words.last else { continue }
            #expect(!(text.isPraise ? praise : blame).contains(word))
        }
        #expect(texts[0] == OpinionText(key: RandomKey(4)[0]))
    }

    @Test("A bag of words counts each word once where it stands once")
    func counts() {
        let texts = (0..<3).map { OpinionText(key: RandomKey(9)[$0]) }
        let counts = OpinionText.counts(texts)
        #expect(counts.rows == 3 && counts.columns == Set(texts.flatMap(\.words)).count)
        for (row, text) in texts.enumerated() {
            #expect((0..<counts.columns).reduce(0) { $0 + counts[row, $1] } == Double(text.words.count))
        }
    }

    @Test(
        "A student that sees the truth through noise beats the supervisor, and another bag of words does not"
    )
    func studentsOfABagOfWords() throws {
        var study = LanguageModelWeakToStrong()
        (study.texts, study.labeledTexts, study.taughtTexts) = (900, 150, 500)
        try study.check()
        let texts = (0..<study.texts).map { OpinionText(key: RandomKey(11)[$0]) }
        var random = RandomKey(12).generator()
        // Two features: one follows the truth, one is noise.
        let activations = texts.flatMap { text -> [Float] in
            [
                (text.isPraise ? 1 : -1) + Float(random.index(below: 100)) / 100,
                Float(random.index(below: 100)) / 100,
            ]
        }
        let read = DoubleMatrix(Tensor(activations, shape: [texts.count, 2]))
        let examples = LanguageModelWeakToStrong.Examples(
            words: OpinionText.counts(texts),
            activations: Tensor(Standardization(of: read)(read)),
            tokens: [], labels: texts.map { $0.isPraise ? 1 : 0 })
        study.probeSteps = 300
        let split = try study.split(examples, key: RandomKey(1))
        for label in 0...1 {
            let labels = zip(split.truth, split.uninformative).filter { $0.0 == label }.map(\.1)
            #expect(abs(2 * labels.reduce(0, +) - labels.count) <= 1, "half of each class has either label")
        }
        let outcome = try study.run(examples, split, key: RandomKey(1))
        #expect(outcome.plain.ceiling > 0.98 && outcome.plain.weak < 0.85)
        #expect(outcome.plain.weakToStrong > outcome.plain.weak + 0.1)
        #expect(abs(outcome.equal.weakToStrong - outcome.equal.weak) < 0.06)
        #expect(outcome.plain.ceiling == outcome.confident.ceiling)
    }

    @Test("A model under LoRA learns true labels of unseen texts, and nothing from labels that are right half the time")
    func tunedStudents() throws {
        var study = LanguageModelWeakToStrong()
        (study.texts, study.labeledTexts, study.taughtTexts) = (260, 40, 160)
        // One token tells the label, others are noise; the bag of words sees words of the noise only.
        var random = RandomKey(5).generator()
        let labels = (0..<study.texts).map { _ in random.index(below: 2) }
        let noise = labels.map { _ in random.index(below: 4) }
        let examples = LanguageModelWeakToStrong.Examples(
            words: .oneHot(noise, 4), activations: .zeros([study.texts, 1]),
            tokens: zip(labels, noise).map { [2 + $1, $0, 6] }, labels: labels)
        let model = try HookedTransformer(Self.small, key: RandomKey(1))
        var student = TunedStudent()
        (student.tunedSteps, student.tunedBatch, student.tunedRate, student.rank) = (150, 32, 0.01, 4)
        let split = try study.split(examples, key: RandomKey(2))
        let outcome = try student.run(model, examples, split, key: RandomKey(3))
        #expect(outcome.plain.ceiling > 0.95)
        #expect((0.2...0.8).contains(outcome.uninformed))
        #expect(outcome.plain.weak == outcome.confident.weak && outcome.plain.ceiling == outcome.confident.ceiling)
        let again = try student.run(model, examples, split, key: RandomKey(3))
        #expect(again == outcome)
    }

    @Test("The two logits differ by the reward")
    func logits() { #expect(TunedStudent.logits(Tensor([3, -1])).elements == [-1.5, 1.5, 0.5, -0.5]) }

    @Test("Too few texts for a test are refused by name")
    func refusesTooFewTexts() {
        var study = LanguageModelWeakToStrong()
        study.texts = 750
        let error = #expect(throws: SettingsError.self) { try study.check() }
        #expect(error?.description.contains("--texts 750") == true)
    }
}
