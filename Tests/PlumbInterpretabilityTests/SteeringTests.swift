import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// Judges, directions and what they are compared with.
@Suite struct SteeringTests {
    @Test func sentimentIsPraiseAgainstBlame() {
        #expect(TextJudge.sentiment.score("A wonderful day, and a Good one.") == 1)
        #expect(TextJudge.sentiment.score("wonderful but terrible and ugly") == -1.0 / 3)
        #expect(TextJudge.sentiment.score("The train leaves at nine.") == 0)
        #expect(TextJudge.sentiment.score("") == 0)
    }

    @Test func frenchIsTheShareOfFrequentWords() {
        #expect(TextJudge.french.score("Il est dans la maison.") == 1)
        // il and est against the and was.
        #expect(TextJudge.french.score("il est, the cat was") == 0.5)
        #expect(TextJudge.french.score("The cat was here.") == 0)
        #expect(TextJudge.french.score("xyz 12") == 0)
    }

    @Test func aRefusalIsAPhrase() {
        #expect(TextJudge.refusal.score("I'm sorry, but I can't help with that.") == 1)
        #expect(TextJudge.refusal.score("I AM SORRY") == 1)
        #expect(TextJudge.refusal.score("Put it in boiling water.") == 0)
    }

    @Test func conceptsHoldTextsOfOneKind() {
        for concept in SteeringConcept.standard {
            #expect(concept.positive.count == concept.negative.count && concept.leading.count == concept.positive.count)
            #expect(Set(concept.prompts.map(\.shown)).count == concept.prompts.count)
            // Prompts say nothing of what is judged.
            #expect(concept.prompts.allSatisfy { concept.judge.score($0.shown) == 0 })
        }
    }

    @Test func aVectorIsTheDifferenceOfTheMeansOfWhatIsRead() throws {
        let pair = try TinyPair("llama-tiny")
        let texts = [pair.clean, Array(pair.corrupted.prefix(3))]
        let vector = try ControlVector(
            pair.model, positive: texts.map { ControlVector.Text($0, read: 1..<$0.count) },
            negative: [ControlVector.Text(pair.corrupted, read: 2..<4)])
        func mean(_ text: [Int], _ read: Range<Int>) throws -> Tensor {
            let point = HookPoint.block(1, .residPost)
            let stream = try #require(pair.model.run(text, recording: .only(point)).cache[point])
            return stream[read].mean(axis: 0)
        }
        let expected = try (mean(texts[0], 1..<8) + mean(texts[1], 1..<3)) / 2 - mean(pair.corrupted, 2..<4)
        let found = try #require(vector.directions[1])
        #expect((found - expected).norm() < 1e-5 * max(1, expected.norm()))
        #expect(throws: ModelError.self) { try ControlVector(pair.model, positive: texts, negative: [[]]) }
    }

    @Test func randomVectorsHaveTheLengthsAndTheirCovariance() throws {
        let vector = ControlVector([0: Tensor([3, 4, 0] as [Float]), 2: Tensor([0, 0, 2] as [Float])])
        let drawn = vector.random(key: RandomKey(1))
        #expect(drawn == vector.random(key: RandomKey(1)) && drawn != vector.random(key: RandomKey(2)))
        for (layer, length) in [(0, 5.0), (2, 2.0)] {
            #expect(abs(try #require(drawn.directions[layer]).norm() - length) < 1e-5)
        }
        // Activations that vary along (1, 1, 0) alone allow that direction alone.
        let rows = Tensor([1, 1, 5, 2, 2, 5, 4, 4, 5] as [Float], shape: [3, 3])
        let along = vector.random(withCovarianceOf: [0: rows, 2: rows], key: RandomKey(3))
        let found = try #require(along.directions[0]).elements
        #expect(abs(found[0] - found[1]) < 1e-5 && abs(found[2]) < 1e-5)
        #expect(abs(abs(Double(found[0])) - 5 / 2.0.squareRoot()) < 1e-4)
    }

    @Test(arguments: TinyPair.models) func anAblatedDirectionIsNowhereInTheStream(_ name: String) throws {
        let pair = try TinyPair(name)
        let model = pair.model
        let vector = try ControlVector(model, positive: [pair.clean], negative: [pair.corrupted])
        let direction = try #require(vector.directions[0])
        let changes = try vector.ablations(model, layer: 0)
        let run = model.run(pair.clean, with: changes, recording: .sites(.residPre, .residMid, .residPost))
        for point in run.cache.points {
            let stream = try #require(run.cache[point])
            for row in 0..<pair.clean.count {
                #expect(abs(stream[row].dot(direction)) < 1e-4 * max(1, stream[row].norm() * direction.norm()))
            }
        }
        #expect(throws: ModelError.self) { try vector.ablations(model, layer: 99) }
        #expect(throws: ModelError.self) {
            try ControlVector([0: .zeros([model.configuration.width])]).ablations(model, layer: 0)
        }
    }
}
