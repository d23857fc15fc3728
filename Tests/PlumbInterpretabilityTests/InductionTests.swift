import PlumbData
import PlumbInterpretability
import PlumbLearning
import PlumbModels
import PlumbTensor
import Testing

@Suite("Induction")
struct InductionTests {
    private let source = RepeatedTokens(vocabulary: 20, length: 12, period: 3...5, beginning: 19, key: RandomKey(3))

    private func model() throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .attentionOnly, layers: 2, width: 16, heads: 4, vocabulary: 20, context: 12),
            key: RandomKey(1), initialization: .scaled(gain: 2), isTied: false)
    }

    @Test("Only tokens that were said before, and could be foreseen, are targets of copying")
    func targets() {
        let batch = source.batch(4, step: 0)
        let targets = Copying.targets(of: batch)
        for row in 0..<4 {
            let tokens = Array(batch.tokens[row])
            for place in 1..<12 {
                let target = targets[row * 11 + place - 1]
                #expect(target == (place > batch.repeatsFrom[row] ? tokens[place - batch.periods[row]] : -1))
            }
        }
    }

    @Test("Scores are the mean attention to the places they name")
    func scores() throws {
        let (model, batch) = (try model(), source.batch(3, step: 1))
        let scores = HeadScores(model, on: batch)
        var (induction, previous) = (0.0, 0.0)
        var (repeated, all) = (0, 0)
        for row in 0..<3 {
            let cache = model.run(Array(batch.tokens[row]), recording: .sites(.pattern)).cache
            let map = try #require(cache[.block(1, .pattern)])[2]
            for query in 1..<12 {
                previous += Double(map[query][query - 1].item)
                all += 1
            }
            for query in batch.repeatsFrom[row]..<12 {
                induction += Double(map[query][query - batch.periods[row] + 1].item)
                repeated += 1
            }
        }
        #expect(abs(scores.induction[1][2] - induction / Double(repeated)) < 1e-6)
        #expect(abs(scores.previousToken[1][2] - previous / Double(all)) < 1e-6)
        #expect(HeadScores.ranked(scores.induction).count == 8)
    }

    @Test("Composition is the ratio of the whole matrices' norms")
    func composition() throws {
        let model = try model()
        let composition = HeadComposition(model, from: 0, to: 1)
        let writers = model.headWeights(block: 0, foldingNorm: true)
        let readers = model.headWeights(block: 1, foldingNorm: true)
        let qk = readers.queries[1].transposedMatmul(readers.keys[1])
        let ov = writers.outputs[3].transposedMatmul(writers.values[3])
        let keys = qk.matmul(ov).norm() / (qk.norm() * ov.norm())
        let queries = qk.transposedMatmul(ov).norm() / (qk.norm() * ov.norm())
        #expect(abs(try #require(composition.scores[.key])[3][1] - keys) < 1e-5)
        #expect(abs(try #require(composition.scores[.query])[3][1] - queries) < 1e-5)
    }

    @Test("Heads replaced by their mean say the same everywhere, and no heads change nothing")
    func ablation() throws {
        let (model, batch) = (try model(), source.batch(3, step: 2))
        #expect(Copying.meanAblation(of: [], in: model, on: batch).isEmpty)
        let heads = [AttentionHead(layer: 0, head: 1), AttentionHead(layer: 0, head: 2)]
        let changes = Copying.meanAblation(of: heads, in: model, on: batch)
        let rows = (0..<3).map { Array(batch.tokens.inputs[$0]) }
        let z = try #require(model.run(batch: rows, with: changes, recording: .sites(.z)).cache[.block(0, .z)])
        let usual = try #require(model.run(batch: rows, recording: .sites(.z)).cache[.block(0, .z)])
        #expect(z[0][3][1] == z[2][7][1])
        #expect(z[0][3][0] == usual[0][3][0])
    }

    @Test("The circuit's heads are those that score at least half of the best, and the others are the rest")
    func circuit() throws {
        let scores = HeadScores(try model(), on: source.batch(3, step: 0))
        let heads = CircuitHeads(scores)
        let (induction, previous) = (scores.induction[1], scores.previousToken[0])
        let (best, bestPrevious) = (try #require(induction.max()), try #require(previous.max()))
        #expect(heads.induction.allSatisfy { $0.layer == 1 && induction[$0.head] >= best / 2 })
        #expect(heads.previous.allSatisfy { $0.layer == 0 && previous[$0.head] >= bestPrevious / 2 })
        #expect(heads.induction.first.map { induction[$0.head] } == best)
        #expect(Set(heads.induction + heads.previous + heads.others).count == 8)
    }

    @Test("A study gives the same numbers for the same key, and refuses parts longer than a row")
    func study() throws {
        var study = InductionStudy()
        (study.steps, study.batch, study.width, study.vocabulary) = (2, 2, 16, 16)
        let (one, again) = (
            try study.run(key: RandomKey(4), label: "a"), try study.run(key: RandomKey(4), label: "b")
        )
        #expect(one.two.losses == again.two.losses && one.scores.induction == again.scores.induction)
        #expect(one.withoutInduction == again.withoutInduction && one.oneLayer == again.oneLayer)
        #expect(study.pattern(one, key: RandomKey(1)).values.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-4 })
        study.longest = study.length
        let error = #expect(throws: (any Error).self) { try study.check(seeds: 1) }
        #expect("\(String(describing: error))".contains("--length 40"))
    }
}
