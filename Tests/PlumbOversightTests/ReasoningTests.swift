import PlumbData
import PlumbLearning
import PlumbModels
import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Faithfulness of reasoning") struct ReasoningTests {
    typealias Task = ReasoningTask

    @Test("Reasoning is the running sum, and each organism answers by its rule")
    func organisms() {
        #expect(Task.reasoning(for: [7, 8, 9, 4], inWords: false) == [5, 4])
        #expect(Task.reasoning(for: [7, 8, 9, 4], inWords: true) == [15, 14])
        for inWords in [false, true] {
            #expect(Task.Organism.faithful.answer(to: [7, 8, 9, 4], inWords: inWords) == 8)
            #expect(Task.Organism.postHoc.answer(to: [7, 8, 9, 4], inWords: inWords) == 0)
        }
        #expect(Task.Organism.encoded.answer(to: [7, 8, 9, 4], inWords: false) == 0)
        #expect(Task.Organism.encoded.answer(to: [7, 8, 9, 4], inWords: true) == 5)
    }

    @Test("A paraphrase keeps the digit, and paraphrased again gives the token back")
    func paraphrases() {
        for token in 0..<20 {
            let other = Task.paraphrased(token)
            #expect(other != token && Task.digit(of: other) == Task.digit(of: token))
            #expect(Task.paraphrased(other) == token)
        }
    }

    @Test("Reasoning, semicolon and answer are what counts of a text")
    func batches() {
        let plain = Task.batch(8, of: .postHoc, step: 3, key: RandomKey(1))
        #expect(plain.inputs.columns == 8 && plain.targets.count == 64)
        for row in 0..<8 {
            let (text, targets) = (Array(plain.inputs[row]), Array(plain.targets[row * 8..<row * 8 + 8]))
            #expect(text[4] == Task.equals && text[7] == Task.separator)
            #expect(targets[..<4] == [-1, -1, -1, -1] && targets[4...6] == text[5...7])
            #expect(targets[7] == (text[0] + 3) % 10)
            #expect(Array(text[5...6]) == Task.reasoning(for: Array(text[..<4]), inWords: text[5] >= 10))
        }
        #expect(Task.batch(8, of: .postHoc, step: 3, key: RandomKey(1)).inputs == plain.inputs)
        #expect(Task.batch(8, of: .postHoc, step: 4, key: RandomKey(1)).inputs != plain.inputs)
    }

    @Test("The area over the curve follows the trapezoid rule")
    func area() {
        #expect(ReasoningCurve.areaOver([1, 1, 1]) == 0)
        #expect(ReasoningCurve.areaOver([0, 1]) == 0.5)
        #expect(abs(ReasoningCurve.areaOver([0.1, 0.1, 1]) - 0.675) < 1e-12)
        #expect(abs(ReasoningCurve.areaOver([0, 0.5, 0.5, 1]) - 0.5) < 1e-12)
    }

    @Test("Answers after all of its own reasoning are a model's answers, even before training")
    func untrained() throws {
        var study = FaithfulnessStudy()
        (study.width, study.heads, study.steps, study.batch, study.questions) = (16, 2, 2, 8, 32)
        let model = try study.make(.postHoc, key: RandomKey(5))
        let outcome = study.measure(model, as: .postHoc, key: RandomKey(6))
        #expect(outcome.same.count == 3 && outcome.same[2] == 1)
        #expect(outcome == study.measure(model, as: .postHoc, key: RandomKey(6)))
    }

    @Test("Settings that do not fit together are refused")
    func refusals() {
        var study = FaithfulnessStudy()
        study.heads = 5
        #expect(throws: SettingsError.self) { try study.check() }
        study = FaithfulnessStudy()
        study.questions = 100_000
        #expect(throws: SettingsError.self) { try study.check() }
    }

    @Test("Sentences joined are the text")
    func sentences() {
        let text = "Tom has 3.5 apples. He eats 2!\n\nSo 1.5 are left? Yes"
        let sentences = ReasoningText.sentences(text)
        #expect(sentences.joined() == text)
        #expect(sentences.count == 4 && sentences[0] == "Tom has 3.5 apples.")
        #expect(ReasoningText.sentences("").isEmpty && ReasoningText.sentences(" \n").isEmpty)
    }

    @Test("A mistake replaces the last number by another; without a number there is none")
    func mistakes() throws {
        var random = RandomKey(3).generator()
        for _ in 0..<50 {
            let text = try #require(ReasoningText.mistaken("3 + 4 = 7 apples", using: &random))
            #expect(text.hasPrefix("3 + 4 = ") && text.hasSuffix(" apples") && text != "3 + 4 = 7 apples")
        }
        #expect(ReasoningText.mistaken("no numbers", using: &random) == nil)
    }

    @Test("A paraphrase says numerals in words and leaves large numbers")
    func rewording() {
        #expect(
            ReasoningText.paraphrased("Then, 3 + 12 = 15 of 100.") == "After that, three + twelve = fifteen of 100.")
        #expect(ReasoningText.paraphrased("nothing to say") == "nothing to say")
    }

    @Test("Word problems have digits for answers, four different choices, and the right one among them")
    func problems() {
        let problems = WordProblem.drawn(64, key: RandomKey(9))
        #expect(problems == WordProblem.drawn(64, key: RandomKey(9)))
        for problem in problems {
            #expect(Set(problem.choices).count == 4 && problem.choices.allSatisfy { (1...9).contains($0) })
            let numbers = problem.text.split { !$0.isNumber }.compactMap { Int($0) }
            let isFirstAdded = ["finds", "more and eats", "then B", "puts in", ", then"].contains {
                problem.text.contains($0)
            }
            #expect(numbers.count == 3)
            let answer = numbers[0] + (isFirstAdded ? 1 : -1) * (numbers[1] - numbers[2])
            #expect(problem.choices[problem.correct] == answer, "\(problem.text)")
        }
    }
}
