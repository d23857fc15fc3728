import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

@Suite struct TrueFalseStatementsTests {
    @Test(
        "Every word of a group stands as often in true statements as in false ones",
        arguments: TrueFalseStatements.Kind.allCases)
    func wordsGiveNothingAway(kind: TrueFalseStatements.Kind) {
        let statements = TrueFalseStatements(kind, key: RandomKey(1))
        #expect(statements.pairs.count >= 180)
        for (group, pairs) in Dictionary(grouping: statements.pairs, by: \.group) {
            #expect(pairs.count == 4 && pairs.count { $0.isTrue } == 2)
            func words(_ isTrue: Bool) -> [String] {
                pairs.filter { $0.isTrue == isTrue }.flatMap { $0.statement.split(separator: " ") }.map(String.init)
                    .sorted()
            }
            #expect(words(true) == words(false), "\(group)")
        }
        // A thing belongs to one group only.
        let things = Dictionary(grouping: statements.pairs, by: \.group).keys.flatMap { $0.components(", ") }
        #expect(Set(things).count == things.count)
    }

    @Test("Statements say what they are labeled as")
    func examples() {
        func truth(_ kind: TrueFalseStatements.Kind, _ statement: String) -> [Bool] {
            TrueFalseStatements(kind, key: RandomKey(3)).pairs.filter { $0.statement == statement }.map(\.isTrue)
        }
        #expect(truth(.cities, "The city of Oslo is in Norway.") == [true])
        #expect(truth(.translations, "The Spanish word 'perro' means 'dog'.") == [true])
        for pair in TrueFalseStatements(.comparisons, key: RandomKey(3)).pairs {
            let words = pair.statement.dropLast().split(separator: " ")
            let (first, second) = (Int(words[0]) ?? 0, Int(words[4]) ?? 0)
            #expect(pair.isTrue == (words[2] == "larger" ? first > second : first < second))
            #expect(pair.negation == pair.statement.replacing(" is ", with: " is not "))
        }
    }

    @Test("A limit takes so many groups, and another key makes other ones")
    func limit() {
        let few = TrueFalseStatements(.cities, limit: 5, key: RandomKey(1))
        #expect(few.pairs.count == 20)
        #expect(few != TrueFalseStatements(.cities, limit: 5, key: RandomKey(2)))
        #expect(few == TrueFalseStatements(.cities, limit: 5, key: RandomKey(1)))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] { split(separator: separator).map(String.init) }
}

@Suite struct LyingWorldTests {
    let world = LyingWorld(shown: 12, unknown: 6, relations: 3, values: 4, key: RandomKey(1))

    @Test("Pairs are as often true as false for every value, and a negation has the opposite truth")
    func pairsAreBalanced() {
        let pairs = world.pairs(about: 0..<12, key: RandomKey(2))
        #expect(pairs.count == 12 * 3 * 2)
        for pair in pairs { #expect(world.isTrue(pair.statement) != world.isTrue(pair.negation)) }
        for relation in 0..<3 {
            for value in 0..<4 {
                let own = pairs.filter { $0.statement.relation == relation && $0.statement.value == value }
                #expect(own.count { world.isTrue($0.statement) } == own.count { !world.isTrue($0.statement) })
            }
        }
        #expect(pairs.count { world.isTrue($0.statement) } == pairs.count / 2)
    }

    @Test("Texts have the length of the language, tokens of its vocabulary, and differ where statements do")
    func texts() {
        let pairs = world.pairs(about: 0..<world.entities, key: RandomKey(3))
        let texts = pairs.flatMap { pair in
            LyingWorld.Asker.allCases.flatMap { asker in
                [pair.statement, pair.negation].map { world.text($0, word: 1, asker: asker) }
            }
        }
        for text in texts {
            #expect(text.count == LyingWorld.length && text.allSatisfy { (0..<world.vocabulary).contains($0) })
        }
        #expect(Set(texts).count == texts.count)
    }
}

@Suite struct LastResidualsTests {
    @Test("Texts of several lengths give the rows that each gives alone, in their order")
    func rowsInOrder() throws {
        let model = try HookedTransformer(
            TransformerConfiguration(architecture: .gpt2, layers: 2, width: 8, heads: 2, vocabulary: 11, context: 6),
            key: RandomKey(1))
        let texts = [[1, 2, 3], [4], [5, 6, 7], [8, 9], [10, 0, 1, 2]]
        let streams = try model.lastResiduals(of: texts, rowLimit: 4)
        #expect(streams.map(\.shape) == [[5, 8], [5, 8]])
        for (row, text) in texts.enumerated() {
            let cache = model.run(text, recording: .sites(.residPost)).cache
            for layer in 0..<2 {
                let alone = try #require(cache[.block(layer, .residPost)])
                #expect(streams[layer][row].elements == alone[text.count - 1].elements)
            }
        }
    }

    @Test("No text, and one that the model cannot read, are refused")
    func refusals() throws {
        let model = try HookedTransformer(
            TransformerConfiguration(architecture: .gpt2, layers: 1, width: 8, heads: 2, vocabulary: 11, context: 6),
            key: RandomKey(1))
        #expect(throws: ModelError.self) { try model.lastResiduals(of: []) }
        #expect {
            try model.lastResiduals(of: [[1], [99]])
        } throws: { "\($0)".contains("text 2") }
    }
}
