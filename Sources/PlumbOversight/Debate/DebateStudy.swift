internal import PlumbBasics
public import PlumbData
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Who shows pixels, in what order.
public enum DebateProtocol: String, CaseIterable, Codable, Sendable {
    /// Both in turn, the honest debater first.
    case honestFirst
    /// Both in turn, the liar first.
    case liarFirst
    /// A consultant that tells the truth.
    case honestAlone
    /// A consultant that lies.
    case liarAlone

    /// Whether each turn is the honest one's.
    public func turns(_ count: Int) -> [Bool] {
        (0..<count).map { turn in
            switch self {
            case .honestFirst: turn % 2 == 0
            case .liarFirst: turn % 2 == 1
            case .honestAlone: true
            case .liarAlone: false
            }
        }
    }
}

/// Trains a judge that sees a few pixels of a picture, and lets debaters choose them: by best play, or by tree search.
///
/// Source: Irving, Christiano, Amodei 2018, *AI safety via debate*, arXiv:1805.00899.
public struct DebateStudy: SettingGroup {
    @Setting("Pixels that the judge sees.", 2...8) public var pixels = 4
    @Setting("Neurons in each of the judge's two hidden layers.", 1...4096) public var hidden = 256
    @Setting("Training steps of the judge.", 1...1_000_000) public var judgeSteps = 6000
    @Setting("Pictures in a training step.", 1...65_536) public var batch = 128
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.001
    @Setting("Pictures debated by best play; 0 for none.", 0...100_000) public var solved = 200
    @Setting("Pictures debated by tree search, the first of the others where there are such; 0 for none.", 0...100_000)
    public var searched = 8
    @Setting("Rollouts of a tree search before each move.", 1...1_000_000) public var rollouts = 2000
    @Setting("Weight of exploration in the tree search.", 0...100) public var exploration = 1.5
    @Setting("Logits by which effects of pixels are divided in the search's priors.", 0.01...1000)
    public var temperature = 2.0

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard solved > 0 || searched > 0 else {
            throw SettingsError("--solved and --searched are both 0: no picture would be debated")
        }
        guard solved == 0 || pixels <= 5 else {
            throw SettingsError(
                "--pixels \(pixels) is too many for best play, which looks at every set of them: give at most 5, or "
                    + "--solved 0")
        }
        guard hidden * batch <= 1 << 24 else {
            throw SettingsError("--hidden \(hidden) times --batch \(batch) may be at most \(1 << 24)")
        }
    }

    /// How debates about one picture ended, by protocol.
    public typealias Debated = [DebateProtocol: ExactDebate.Values]

    /// What was measured with one judge.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The judge's accuracy from random pixels, on all test pictures.
        public var alone: Double
        /// Best play, a picture each.
        public var solved: [Debated]
        /// Tree search, a picture each: the first of ``solved`` where there are any, and then without consultants.
        public var searched: [Debated]

        /// The share of pictures in which `holds` under a protocol; NaN of no pictures.
        public static func share(
            _ pictures: [Debated], _ order: DebateProtocol, _ holds: (ExactDebate.Values) -> Bool
        ) -> Double {
            let ends = pictures.compactMap { $0[order] }
            return ends.isEmpty ? .nan : Double(ends.count(where: holds)) / Double(ends.count)
        }

        /// The share of debates, one for each picture, order and lie and one without precommitment, that end with the same
        /// winner by search as by best play.
        public var sameWinners: Double {
            var (same, count) = (0, 0)
            for (found, best) in zip(searched, solved) {
                for order in [DebateProtocol.honestFirst, .liarFirst] {
                    for (a, b) in zip(found[order]?.margins ?? [], best[order]?.margins ?? []) {
                        count += 1
                        if (a > 0) == (b > 0) { same += 1 }
                    }
                }
            }
            return count == 0 ? .nan : Double(same) / Double(count)
        }

        /// The same where the winner by search is compared with that of another picture's debates.
        public var sameWinnersOfNextPicture: Double {
            var other = self
            other.searched = Array(searched.dropFirst() + searched.prefix(1))
            return other.sameWinners
        }
    }

    /// Trains a judge on one part of the pictures, and debates pictures of the other.
    ///
    /// - Throws: what training throws; `SettingsError` where a picture has too many pixels for best play.
    public func run(
        train: LabeledImages, test: LabeledImages, key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let judge = try judge(of: train, key: key["judge"], in: session)
        let vectors = test.vectors
        var random = key["pictures"].generator()
        let order = Array(0..<test.count).shuffled(using: &random).filter {
            DebateJudge.shown(vectors[$0]).count >= pixels
        }
        var outcome = Outcome(
            alone: judge.accuracy(on: test, pixels: pixels, draws: 4, key: key["random pixels"]), solved: [],
            searched: [])
        var sets: [Int: PixelSets] = [:]
        for (done, picture) in order.prefix(solved).enumerated() {
            try session.reporter.checkpoint()
            let judged = judge.judged(of: vectors[picture])
            let count = judged.pixels.count
            guard count <= 64, PixelSets.binomial(count, pixels) <= 1 << 20 else {
                throw SettingsError(
                    "a picture with \(count) pixels that are not 0 has too many sets of \(pixels) of them for best play: "
                        + "give --solved 0")
            }
            let known = sets[count] ?? PixelSets(count, largest: pixels)
            sets[count] = known
            let debate = ExactDebate(judged, label: test.labels[picture], pixels: pixels, sets: known)
            outcome.solved.append(
                Dictionary(
                    uniqueKeysWithValues: DebateProtocol.allCases.map {
                        ($0, debate.values(honestTurns: $0.turns(pixels)))
                    }))
            session.reporter.progress("best play", done + 1, of: min(solved, order.count))
        }
        for (done, picture) in order.prefix(searched).enumerated() {
            let found = try search(
                judge.judged(of: vectors[picture]), label: test.labels[picture],
                by: solved > 0 ? [.honestFirst, .liarFirst] : DebateProtocol.allCases, key: key["search"][done],
                checkpoint: session.reporter.checkpoint)
            outcome.searched.append(found)
            session.reporter.progress("tree search", done + 1, of: min(searched, order.count))
        }
        return outcome
    }

    /// A judge that learned to tell classes from random pixels that are not 0.
    ///
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public func judge(
        of pictures: LabeledImages, key: RandomKey, in session: FitSession = .silent
    ) throws -> DebateJudge {
        let vectors = pictures.vectors
        let shown = (0..<pictures.count).map { DebateJudge.shown(vectors[$0]) }
        let network = MLP([2 * vectors.shape[1], hidden, hidden, pictures.classNames.count], key: key["network"])
        var fit = Fit(steps: judgeSteps)
        fit.schedule = .cosine(warmup: min(50, judgeSteps / 10), total: judgeSteps, floor: 0.02)
        let trained = try fit.run(
            network, optimizer: Adam(learningRate: learningRate), label: "judge", in: session
        ) { network, step in
            var random = key["batches"][step].generator()
            let rows = (0..<batch).map { _ in random.index(below: pictures.count) }
            let drawn = rows.map { DebateJudge.drawn(pixels, of: shown[$0], using: &random) }
            return network(DebateJudge.inputs(vectors.gathered(rows), shown: drawn))
                .crossEntropy(rows.map { pictures.labels[$0] })
        }.model
        return DebateJudge(network: trained)
    }

    /// Debates by tree search: each protocol with every lie, and without precommitment.
    func search(
        _ judged: DebateJudge.JudgedPicture, label: Int, by orders: [DebateProtocol], key: RandomKey,
        checkpoint: () throws -> Void = {}
    ) throws -> Debated {
        let search = DebateSearch(
            judged: judged, label: label, rollouts: rollouts, exploration: Float(exploration),
            temperature: Float(temperature))
        let classes = judged.layers.last?.weight.outputs ?? 0
        let games = orders.flatMap { order in
            (0..<classes).map { lie in
                DebateSearch.Game(lie: lie == label ? nil : lie, honestTurns: order.turns(pixels))
            }
        }
        let margins = try search.play(games, key: key, checkpoint: checkpoint)
        return Dictionary(
            uniqueKeysWithValues: orders.enumerated().map { place, order in
                let own = margins[place * classes..<(place + 1) * classes]
                return (order, ExactDebate.Values(label: label, margins: Array(own)))
            })
    }
}
