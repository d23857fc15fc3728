import PlumbData
import PlumbLearning
import PlumbNN
@testable import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Debate") struct DebateTests {
    /// A judge and a picture of 3 × 3 pixels, of which `shown` are not 0, all from a key.
    private func judged(_ shown: Int, key: RandomKey) -> DebateJudge.JudgedPicture {
        let judge = DebateJudge(network: MLP([18, 12, 8, 3], key: key["judge"]))
        var random = key["picture"].generator()
        let picture = (0..<9).map { $0 < shown ? Float(0.1 + random.uniform()) : 0 }.shuffled(using: &random)
        return judge.judged(of: Tensor(picture))
    }

    /// The margin of the truth for a set of pixels.
    private func margin(_ judged: DebateJudge.JudgedPicture, _ set: [Int], label: Int, column: Int) -> Float {
        judged.logits(judged.sums([set])).elements.margins(for: label, classes: 3)[column]
    }

    /// The value of a debate by trying every order of every move.
    private func brute(
        _ judged: DebateJudge.JudgedPicture, _ shown: [Int], _ honestTurns: [Bool], label: Int, column: Int
    ) -> Float {
        guard shown.count < honestTurns.count else { return margin(judged, shown, label: label, column: column) }
        let values = judged.pixels.indices.filter { !shown.contains($0) }.map {
            brute(judged, shown + [$0], honestTurns, label: label, column: column)
        }
        return (honestTurns[shown.count] ? values.max() : values.min()) ?? .nan
    }

    @Test("Sets are counted in their order, and there are as many as the binomial coefficient says")
    func sets() {
        #expect(PixelSets.binomial(5, 2) == 10 && PixelSets.binomial(33, 4) == 40_920 && PixelSets.binomial(2, 3) == 0)
        #expect(PixelSets.place(of: 0b00011) == 0 && PixelSets.place(of: 0b00101) == 1)
        #expect(PixelSets.place(of: 0b00110) == 2 && PixelSets.place(of: 0b01001) == 3)
        let places = (0..<UInt64(1 << 7)).filter { $0.nonzeroBitCount == 3 }.map(PixelSets.place)
        #expect(places == Array(0..<35))
    }

    @Test("Sums over sets come in the order of the sets")
    func sums() {
        let rows = Tensor((0..<6).map { Float(1 << $0) }, shape: [6, 1])
        var sums: [Float] = []
        PixelSets(6, largest: 3).forEachSum(of: rows, from: Tensor([100])) { sums += $0.elements }
        let sets = (0..<UInt64(1 << 6)).filter { $0.nonzeroBitCount == 3 }
        #expect(sums == sets.map { 100 + Float($0) })
    }

    @Test("What a judge sees pixel by pixel is what it sees at once")
    func incremental() {
        let judge = DebateJudge(network: MLP([18, 12, 8, 3], key: RandomKey(2)))
        let picture = Tensor([0, 0.5, 0, 1, 0.25, 0, 0, 0.75, 0.125])
        let judged = judge.judged(of: picture)
        #expect(judged.pixels == [1, 3, 4, 7, 8])
        let logits = judged.logits(judged.sums([[0, 2, 4]])).elements
        let whole = judge.network(
            DebateJudge.inputs(picture.reshaped([1, 9]), shown: [[1, 4, 8]])
        ).elements
        for (a, b) in zip(logits, whole) { #expect(abs(a - b) < 1e-5) }
    }

    @Test("A margin is the truth's logit less the lie's, and in the truth's place the least of them")
    func margins() {
        #expect([1, 3, 2, 0, 0, 5].margins(for: 1, classes: 3) == [2, 1, 1, 0, -5, -5] as [Float])
    }

    @Test("Best play is what trying every order of moves gives", arguments: DebateProtocol.allCases)
    func exact(_ order: DebateProtocol) {
        for seed in 0..<6 {
            let judged = judged(6, key: RandomKey(UInt64(seed)))
            let debate = ExactDebate(judged, label: 1, pixels: 4)
            let values = debate.values(honestTurns: order.turns(4))
            for column in 0..<3 {
                let expected = brute(judged, [], order.turns(4), label: 1, column: column)
                #expect(abs(values.margins[column] - expected) < 1e-5)
            }
        }
    }

    @Test("Nobody does better against an opponent than alone, and a liar that need not commit does no worse")
    func order() {
        for seed in 0..<10 {
            let debate = ExactDebate(judged(7, key: RandomKey(UInt64(100 + seed))), label: 0, pixels: 4)
            func margins(_ order: DebateProtocol) -> [Float] { debate.values(honestTurns: order.turns(4)).margins }
            for order in [DebateProtocol.honestFirst, .liarFirst] {
                for lie in 0..<3 {
                    #expect(margins(.honestAlone)[lie] >= margins(order)[lie])
                    #expect(margins(.liarAlone)[lie] <= margins(order)[lie])
                    #expect(margins(order)[0] <= margins(order)[lie])
                }
            }
        }
    }

    @Test("Who wins is read from the margins")
    func winners() {
        let values = ExactDebate.Values(label: 1, margins: [0.5, -0.25, 1])
        #expect(values.winsAgainstEveryLie && !values.winsWithoutPrecommitment && values.winsAgainstRandomLie == 1)
        let beaten = ExactDebate.Values(label: 1, margins: [0, -0.25, 1])
        #expect(!beaten.winsAgainstEveryLie && beaten.winsAgainstRandomLie == 0.5)
    }

    @Test("Tree search with many rollouts plays as well as best play", arguments: DebateProtocol.allCases)
    func search(_ order: DebateProtocol) throws {
        for seed in 0..<4 {
            let judged = judged(6, key: RandomKey(UInt64(seed)))
            let search = DebateSearch(judged: judged, label: 1, rollouts: 1500, exploration: 1.5, temperature: 1)
            let games = [0, 2, nil].map { DebateSearch.Game(lie: $0, honestTurns: order.turns(4)) }
            let found = try search.play(games, key: RandomKey(7))
            let best = ExactDebate(judged, label: 1, pixels: 4).values(honestTurns: order.turns(4)).margins
            for (margin, expected) in zip(found, [best[0], best[2], best[1]]) { #expect(abs(margin - expected) < 0.05) }
            #expect(try found == search.play(games, key: RandomKey(7)))
        }
    }

    @Test("Pixels are drawn among those that are not 0, each once")
    func drawing() {
        var random = RandomKey(4).generator()
        for _ in 0..<50 {
            let drawn = DebateJudge.drawn(3, of: [2, 5, 6, 9], using: &random)
            #expect(drawn.count == 3 && Set(drawn).count == 3 && drawn.allSatisfy([2, 5, 6, 9].contains))
        }
        #expect(Set(DebateJudge.drawn(9, of: [2, 5], using: &random)) == [2, 5])
    }

    @Test("A study debates as many pictures as asked, the same ones by both ways")
    func study() throws {
        var study = DebateStudy()
        (study.pixels, study.hidden, study.judgeSteps, study.batch) = (3, 8, 20, 16)
        (study.solved, study.searched, study.rollouts) = (5, 2, 10)
        var random = RandomKey(3).generator()
        let pixels = (0..<40 * 9).map { _ in random.uniform() < 0.3 ? Float(0) : Float(random.uniform()) }
        let pictures = LabeledImages(
            images: Tensor(pixels, shape: [40, 3, 3, 1]), labels: (0..<40).map { $0 % 3 },
            classNames: ["a", "b", "c"])
        let outcome = try study.run(train: pictures, test: pictures, key: RandomKey(5))
        #expect(outcome.solved.count == 5 && outcome.searched.count == 2)
        #expect(zip(outcome.solved, outcome.searched).allSatisfy { $0[.liarFirst]?.label == $1[.liarFirst]?.label })
        #expect((0...1).contains(outcome.sameWinners) && outcome.searched[0][.liarAlone] == nil)
        #expect(try outcome == study.run(train: pictures, test: pictures, key: RandomKey(5)))
    }

    @Test("Settings that do not fit together are refused")
    func refusals() {
        var study = DebateStudy()
        (study.solved, study.searched) = (0, 0)
        #expect(throws: SettingsError.self) { try study.check() }
        study = DebateStudy()
        study.pixels = 6
        #expect(throws: SettingsError.self) { try study.check() }
    }
}
