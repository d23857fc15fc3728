import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

@Suite struct TokenAttackTests {
    private let task = RefusalTask(vocabulary: 40, harmful: 6, prompt: 3, suffix: 4)

    private func trained() throws -> RefusalClassifier {
        let model = RefusalClassifier(task, width: 8, hidden: 16, spread: 1, key: RandomKey(1))
        let texts = task.texts(400, key: RandomKey(2))
        return try Fit(steps: 150).run(model, optimizer: Adam(learningRate: 5e-3)) { model, step in
            let batch = (0..<32).map { texts[(step * 32 + $0) % texts.count] }
            return model(batch).crossEntropy(batch.map { task.isHarmful($0) ? 1 : 0 })
        }.model
    }

    @Test func everySecondTextIsHarmfulByItsPromptAlone() {
        let texts = task.texts(200, key: RandomKey(3))
        #expect(texts.indices.allSatisfy { task.isHarmful(texts[$0]) == ($0 % 2 == 0) })
        #expect(texts.allSatisfy { $0.count == 7 && $0.dropFirst(3).allSatisfy { $0 >= 6 } })
        #expect(task.texts(50, onlyHarmful: true, key: RandomKey(3)).allSatisfy(task.isHarmful))
    }

    @Test(arguments: TokenAttack.Method.allCases) func whatAnAttackFindsPassesAndKeepsItsPrompt(
        _ method: TokenAttack.Method
    ) throws {
        let classifier = try trained()
        let attack = TokenAttack()
        for (index, text) in task.texts(6, onlyHarmful: true, key: RandomKey(4)).enumerated() {
            let result = try attack.run(method, on: text, of: task, against: classifier, key: RandomKey(5)[index])
            #expect((1...attack.budget).contains(result.evaluations))
            guard let found = result.found else { continue }
            #expect(found.prefix(3) == text.prefix(3) && task.isHarmful(found))
            #expect(found.dropFirst(3).allSatisfy { $0 >= 6 })
            #expect(classifier.margins([found])[0] < 0)
        }
    }

    @Test func embeddingsPassWhereTokensNeedNot() throws {
        let classifier = try trained()
        let results = try task.texts(10, onlyHarmful: true, key: RandomKey(6)).map {
            try TokenAttack().embeddings(on: $0, of: task, against: classifier)
        }
        #expect(results.allSatisfy { $0.passes })
    }
}
