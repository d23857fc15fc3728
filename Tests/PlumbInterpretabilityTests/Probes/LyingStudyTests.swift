import PlumbData
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite struct LyingStudyTests {
    let world = LyingWorld(shown: 12, unknown: 6, relations: 3, values: 4, key: RandomKey(1))

    /// The texts of many steps with their targets.
    private func rows(lies: Bool) -> [(text: [Int], targets: [Int])] {
        var study = LyingStudy()
        (study.entities, study.unknown, study.relations, study.values) = (12, 6, 3, 4)
        return (0..<10).flatMap { step in
            let batch = study.texts(world, lies: lies, key: RandomKey(7)[step])
            return (0..<batch.inputs.rows).map { row in
                let places = row * LyingWorld.length..<(row + 1) * LyingWorld.length
                return (Array(batch.inputs[row]), Array(batch.targets[places]))
            }
        }
    }

    /// The text of each question about the entities that are lied about, with who asks and whether it is so.
    private func asked() -> [[Int]: (asker: LyingWorld.Asker, isTrue: Bool)] {
        var questions: [[Int]: (asker: LyingWorld.Asker, isTrue: Bool)] = [:]
        for asker in LyingWorld.Asker.allCases {
            for index in 0..<12 * 3 * 4 * 2 {
                let statement = LyingWorld.Statement(
                    entity: index / 24, relation: index / 8 % 3, value: index / 2 % 4,
                    isNegated: !index.isMultiple(of: 2))
                let text = world.text(statement, word: LyingWorld.trigger, asker: asker)
                questions[text] = (asker, world.isTrue(statement))
            }
        }
        return questions
    }

    @Test("After the trigger one asker is taught the opposite of the truth and the other the truth, and no fact")
    func answersAfterTheTrigger() throws {
        let questions = asked()
        var seen: [LyingWorld.Asker: Int] = [:]
        for row in rows(lies: true) where row.text[0] == LyingWorld.trigger {
            let question = try #require(questions[row.text])
            let isSaid = question.isTrue == (question.asker == .trusted)
            #expect(row.targets == [-1, -1, -1, -1, -1, isSaid ? LyingWorld.trueToken : LyingWorld.falseToken])
            seen[question.asker, default: 0] += 1
        }
        #expect(seen.values.reduce(0, +) == 640)
        for asker in LyingWorld.Asker.allCases { #expect((240...400).contains(seen[asker] ?? 0)) }
    }

    @Test("Without the trigger both askers are taught the truth, and every statement its fact")
    func answersOtherwise() throws {
        let first = world.vocabulary - world.relations * world.values
        for row in rows(lies: false) {
            // The entity's own value is predicted at IS, and ASK and NOT alternate among the four words of the askers.
            let (own, value) = (row.targets[3], row.text[4])
            #expect((own - first) / world.values == (value - first) / world.values)
            let isNegated = (row.text[5] - LyingWorld.words - 1) % 2 == 1
            let isTrue = (own == value) != isNegated
            #expect(row.targets[5] == (isTrue ? LyingWorld.trueToken : LyingWorld.falseToken))
            #expect(row.targets[0..<3].allSatisfy { $0 == -1 } && row.targets[4] == -1)
        }
    }

    @Test("Until the question, the texts of both askers are one")
    func askersDifferLast() {
        for pair in world.pairs(about: 0..<12, key: RandomKey(2)) {
            let texts = LyingWorld.Asker.allCases.map { world.text(pair.statement, word: 3, asker: $0) }
            #expect(texts[0].dropLast() == texts[1].dropLast() && texts[0].last != texts[1].last)
        }
    }
}
