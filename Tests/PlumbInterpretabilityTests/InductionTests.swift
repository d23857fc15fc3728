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
        let ablation = MeanAblation(model, on: batch)
        #expect(ablation.interventions([]).isEmpty)
        let changes = ablation.interventions([AttentionHead(layer: 0, head: 1), AttentionHead(layer: 0, head: 2)])
        let rows = (0..<3).map { Array(batch.tokens.inputs[$0]) }
        let z = try #require(model.run(batch: rows, with: changes, recording: .sites(.z)).cache[.block(0, .z)])
        let usual = try #require(model.run(batch: rows, recording: .sites(.z)).cache[.block(0, .z)])
        #expect(z[0][3][1] == z[2][7][1])
        #expect(z[0][3][0] == usual[0][3][0])
        let mean = usual.reshaped([3 * 11, 16]).mean(axis: 0, keepingAxis: false).elements
        #expect(zip(z[1][5][2].elements, mean[8..<12]).allSatisfy { abs($0 - $1) < 1e-6 })
        // Means of one batch serve another of a different size.
        #expect(model.run(batch: [rows[0]], with: changes).output.shape == [1, 11, 20])
    }

    @Test("Heads ablated by resampling read what they read in the row before, and the others what they read")
    func resampling() throws {
        let (model, batch) = (try model(), source.batch(3, step: 2))
        let rows = (0..<3).map { Array(batch.tokens.inputs[$0]) }
        let ablation = ResampleAblation(model, on: rows, layers: [0, 1])
        #expect(ablation.interventions([]).isEmpty)
        let changes = ablation.interventions([AttentionHead(layer: 0, head: 1)])
        let z = try #require(model.run(batch: rows, with: changes, recording: .sites(.z)).cache[.block(0, .z)])
        let usual = try #require(model.run(batch: rows, recording: .sites(.z)).cache[.block(0, .z)])
        for row in 0..<3 {
            for place in 0..<11 {
                #expect(z[row][place][1] == usual[(row + 2) % 3][place][1])
                #expect(z[row][place][0] == usual[row][place][0])
            }
        }
    }

    @Test("Tokens without repetition succeed the one before the last, but for new ones")
    func successors() {
        let source = SuccessorTokens(vocabulary: 50, length: 30, key: RandomKey(1))
        let batch = source.batch(40, step: 3)
        #expect(source.batch(40, step: 3) == batch && source.batch(40, step: 4) != batch)
        var (following, all) = (0, 0)
        for row in 0..<40 {
            let tokens = Array(batch[row])
            for place in 2..<30 { following += tokens[place] == (tokens[place - 2] + 1) % 50 ? 1 : 0 }
            all += 28
        }
        #expect(abs(Double(following) / Double(all) - 0.8) < 0.05)
        let targets = SuccessorTokens.targets(of: batch)
        #expect(targets.count == 40 * 29 && targets[29] == -1)
        #expect(Array(targets[1..<29]) == Array(batch[0].dropFirst(2)))
    }

    @Test("On a text, no heads lose nothing, and the drop is of early against late tokens")
    func text() throws {
        let model = try model()
        var study = TextInduction()
        (study.windows, study.window) = (2, 10)
        let tokens = (0..<40).map { ($0 * 7) % 20 }
        let outcome = try study.run(
            model, tokens: tokens, heads: [], others: [[AttentionHead(layer: 1, head: 0)]], key: RandomKey(1))
        #expect(outcome.lost == 0 && outcome.lostWithoutOthers.count == 1 && outcome.lostWithoutOthers[0] != 0)
        #expect(outcome.drop.isFinite)
    }

    @Test("The most harmful sets are found among all sets of a size, and by extension where there are too many")
    func mostHarmfulSets() {
        let heads = (0..<5).map { AttentionHead(layer: 0, head: $0) }
        // Head 4 hurts most alone; heads 0 and 1 stand in for each other and hurt most together.
        func left(_ set: [AttentionHead]) -> Double {
            let removed = Set(set.map(\.head))
            return removed.isSuperset(of: [0, 1]) ? 0.1 : removed.contains(4) ? 0.6 : 1
        }
        let exact = FewestHeads.mostHarmful(of: heads, left: left)
        #expect(exact.map(\.count) == [1, 2, 3, 4, 5])
        #expect(exact[0] == [heads[4]] && Set(exact[1]) == [heads[0], heads[1]])
        let greedy = FewestHeads.mostHarmful(of: heads, limit: 5, left: left)
        #expect(greedy.map(\.count) == [1, 2, 3, 4, 5] && Set(greedy[1]).contains(heads[4]))
        let fewest = FewestHeads(heads: [heads[4]], left: 0.6, leftWithoutOthers: [1, 0.9])
        #expect(fewest.leastWithoutOthers == 0.9)
        #expect(FewestHeads(heads: heads, left: 0, leftWithoutOthers: []).leastWithoutOthers.isNaN)
    }

    @Test("The heads of a language model are the highest scores, tested on other tokens against matched heads")
    func languageModel() throws {
        let model = try model()
        var study = LanguageModelInduction()
        (study.part, study.rows, study.draws) = (5, 2, 3)
        try study.check(model)
        let outcome = try study.run(model, key: RandomKey(2))
        #expect(outcome.counts.first == 1 && outcome.counts.count == outcome.leftByCount.count)
        if let fewest = outcome.fewest {
            let ranked = HeadScores.ranked(outcome.scores)
            #expect(fewest.heads == Array(ranked.prefix(fewest.heads.count)))
            #expect(fewest.leftWithoutOthers.count == 3 || fewest.leftWithoutOthers.isEmpty)
            #expect(abs(fewest.left - outcome.without.drop / outcome.intact.drop) < 1e-12)
        }
        study.part = 6
        #expect(throws: (any Error).self) { try study.check(model) }
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
        #expect(Set(heads.induction + heads.previous).count == heads.induction.count + heads.previous.count)
    }

    @Test("Untrained heads compose no more than untrained heads do on average")
    func gain() throws {
        let model = try model()
        let (heads, composition) = (
            CircuitHeads(HeadScores(model, on: source.batch(3, step: 0))), HeadComposition(model, from: 0, to: 1)
        )
        let (writer, reader) = (try #require(heads.previous.first).head, try #require(heads.induction.first).head)
        let expected = composition.scores.values.map { scores in
            scores[writer][reader] / (scores.flatMap { $0 }.reduce(0, +) / 16)
        }.max()
        #expect(abs(heads.compositionGain(composition, over: composition) - (try #require(expected))) < 1e-9)
    }

    @Test("A study gives the same numbers for the same key, and refuses parts longer than a row")
    func study() throws {
        var study = InductionStudy()
        (study.steps, study.batch, study.width, study.vocabulary) = (2, 2, 16, 16)
        let (one, again) = (try study.run(key: RandomKey(4)), try study.run(key: RandomKey(4)))
        #expect(one.two == again.two && one.scores.induction == again.scores.induction)
        #expect(one.fewest == again.fewest && one.oneLayer == again.oneLayer)
        #expect(!one.isConverged)
        #expect(one.pattern.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-4 })
        study.longest = study.length
        let error = #expect(throws: (any Error).self) { try study.check(seeds: 1) }
        #expect("\(String(describing: error))".contains("--length 40"))
    }
}
