internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Drawn traffic signs, a network that reads them, and stickers on the stop sign.
public struct SignStudy: SettingGroup {
    @Setting("Views from which the network learns.", 64...1_000_000) public var signViews = 6400
    @Setting("Share of these in which random stickers are on the sign.", 0...1) public var stickerShare = 0.06
    @Setting("Epochs of its training.", 1...1000) public var signEpochs = 6
    @Setting("Channels of its convolutions.", 1...256) public var signChannels = [12, 24, 32]
    @Setting("Views from which the steps of an attack draw.", 1...1_000_000) public var attackPool = 2000
    @Setting("Unseen views in which stickers are judged.", 10...100_000) public var judgedViews = 300
    @Setting("Rows of cells on each of the two stickers.", 1...32) public var stickerRows = 9
    @Setting("Columns of cells on each of the two stickers.", 1...32) public var stickerColumns = 24
    @Setting("Width of a sticker, in radii of the sign.", 0.1...2) public var stickerWidth = 1.5
    @Setting("Height of a sticker, in radii of the sign.", 0.1...0.7) public var stickerHeight = 0.54
    @Setting("Distance of a sticker from the middle of the sign, in its radii: 0 is on the letters.", 0...0.4)
    public var stickerDistance = 0.0
    @Setting("Random stickers of the same size that are judged beside.", 1...1000) public var randomStickers = 20
    @Setting(
        "Whether the attacker makes stickers for every sign and keeps those that lead random ones most in its own views; "
            + "if not, it makes those for --target.") public var choosesTarget = true
    @Setting("The sign that the stop sign should be taken for where the attacker does not choose.")
    public var target = TrafficSign.speedLimit

    /// The study of the quick experiment.
    public init() {}

    /// What one seed gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The accuracy on unseen views of all signs, and of the stop sign.
        public var accuracy = 0.0, stopAccuracy = 0.0
        /// The sign that the stop sign should be taken for.
        public var target = TrafficSign.speedLimit
        /// The share of unseen views of the stop sign that are taken for the target: with stickers made over views, with
        /// those made in one view, with random ones, and with none.
        public var success = 0.0, single = 0.0, random = 0.0, none = 0.0
        /// The share of the views whose only difference to the one of `single` is their background.
        public var singleAtHome = 0.0
        /// The largest share of a single random sticker.
        public var bestRandom = 0.0
        /// The success of stickers for each other sign, by its name.
        public var targets: [String: Double] = [:]
        /// Success by how near the sign is, from far to near, a quarter of the views each; and the sizes in pixels.
        public var near: [Double] = [], singleNear: [Double] = [], sizes: [Double] = []
        /// Pictures, for figures.
        public var panels: [ImageFigure.Panel] = []
    }

    /// The classifier of one seed, and its training.
    ///
    /// - Throws: `FitError`, `RunInterrupted`.
    public func network(key: RandomKey, in session: FitSession) throws -> NetworkGraph {
        let signs = TrafficSign.allCases
        let size = SignView.side * SignView.side * 3
        let pictures = try Tensor(shape: [signViews, size]) { pixels in
            for index in 0..<signViews {
                if index % 256 == 0 { try session.reporter.checkpoint() }
                let picture = Self.example(signs[index % signs.count], stickerShare, key: key["training"][index])
                for (place, value) in picture.enumerated() { pixels[index * size + place] = value }
            }
        }
        let network = NetworkGraph.convolutional(
            image: [SignView.side, SignView.side, 3], channels: signChannels, hidden: 64, classes: signs.count,
            key: key["init"])
        let batches = Batches(count: signViews, size: 32, key: key["batches"])
        var fit = Fit(steps: signEpochs * batches.perEpoch)
        fit.schedule = .cosine(warmup: fit.steps / 20, total: fit.steps, floor: 0.05)
        return try fit.run(network, optimizer: Adam(learningRate: 2e-3), label: "signs", in: session) { network, step in
            let rows = batches.rows(step: step)
            return network(pictures.gathered(rows)).crossEntropy(rows.map { $0 % signs.count })
        }.model
    }

    /// A picture to learn from: a sign in a random view, at times with random stickers on it.
    private static func example(_ sign: TrafficSign, _ stickerShare: Double, key: RandomKey) -> [Float] {
        var random = key["stickers"].generator()
        guard random.uniform() < stickerShare else { return SignView(key: key).picture(of: sign).picture([]) }
        let layout = StickerLayout.random(key: key["layout"])
        return SignView(key: key).picture(of: sign, stickers: layout)
            .picture((0..<layout.cells).map { _ in random.uniform() < 0.5 ? 0 : 1 })
    }

    /// Trains a classifier and puts stickers on its stop sign.
    ///
    /// - Throws: ``RobustnessStudyError`` for a target that is the stop sign itself; `FitError`, `ModelError`,
    ///   `RunInterrupted`.
    public func run(_ attack: StickerAttack, key: RandomKey, in session: FitSession) throws -> Outcome {
        guard target != .stop else {
            throw RobustnessStudyError("stickers should make a stop sign look like another sign, not like itself")
        }
        let network = try self.network(key: key["network"], in: session)
        let layout = StickerLayout(
            distance: stickerDistance, rows: stickerRows, columns: stickerColumns, width: stickerWidth,
            height: stickerHeight)
        var outcome = Outcome()
        try measureClean(network, key: key["unseen"], &outcome)
        let unseen = (0..<judgedViews).map { SignView(key: key["judged"][$0]) }
        let judged = unseen.map { $0.picture(of: .stop, stickers: layout) }
        let pool = (0..<attackPool).map { SignView(key: key["pool"][$0]).picture(of: .stop, stickers: layout) }
        let random =
            choosesTarget ? randomShares(network, Array(pool.prefix(200)), layout, key: key["random in pool"]) : [:]
        var chosen: [Float] = [], best = -Double.infinity
        for sign in TrafficSign.allCases where sign != .stop && (choosesTarget || sign == target) {
            let stickers = try self.stickers(attack, network, pool, sign, cells: layout.cells, key: key["views"])
            func share(_ views: [StickerView]) -> Double {
                StickerAttack.share(of: views, seenAs: sign.index, by: network, with: stickers)
            }
            outcome.targets[sign.rawValue] = share(judged)
            let lead = choosesTarget ? share(pool) - (random[sign] ?? 0) : 0
            if lead > best { (outcome.target, chosen, best) = (sign, stickers, lead) }
            session.reporter.progress("stickers", outcome.targets.count, of: TrafficSign.allCases.count)
            try session.reporter.checkpoint()
        }
        outcome.success = outcome.targets[outcome.target.rawValue] ?? 0
        outcome.near = byDistance(unseen, judged, network, chosen, outcome.target)
        outcome.panels = panels(unseen, network, layout, chosen)
        outcome.sizes = quarters(unseen).map { rows in
            Statistics.mean(rows.map { 2 * unseen[$0].size * Double(SignView.side) })
        }
        try measureControls(attack, network, layout, unseen, judged, key: key, &outcome)
        return outcome
    }

    /// How often random stickers make the attacker's own views look like each sign.
    private func randomShares(
        _ network: NetworkGraph, _ views: [StickerView], _ layout: StickerLayout, key: RandomKey
    ) -> [TrafficSign: Double] {
        let seen = (0..<randomStickers).flatMap { index in
            StickerAttack.predictions(views, by: network, with: layout.randomCells(key: key[index]))
        }
        return Dictionary(
            uniqueKeysWithValues: TrafficSign.allCases.map { sign in
                (sign, Double(seen.count { $0 == sign.index }) / Double(seen.count))
            })
    }

    private func measureClean(_ network: NetworkGraph, key: RandomKey, _ outcome: inout Outcome) throws {
        var right: [Double] = []
        for sign in TrafficSign.allCases {
            let views = (0..<judgedViews / 4).map { SignView(key: key[sign.rawValue][$0]).picture(of: sign) }
            let share = StickerAttack.share(of: views, seenAs: sign.index, by: network, with: [])
            right.append(share)
            if sign == .stop { outcome.stopAccuracy = share }
        }
        outcome.accuracy = Statistics.mean(right)
    }

    /// Stickers made over views of a pool.
    private func stickers(
        _ attack: StickerAttack, _ network: NetworkGraph, _ pool: [StickerView], _ sign: TrafficSign, cells: Int,
        key: RandomKey
    ) throws -> [Float] {
        try attack.stickers(
            against: network, target: sign.index, cells: cells, isPrinted: true, key: key["start"]
        ) { step in
            var random = key["draws"][step].generator()
            return (0..<attack.attackViews).map { _ in pool[random.index(below: pool.count)] }
        }
    }

    private func measureControls(
        _ attack: StickerAttack, _ network: NetworkGraph, _ layout: StickerLayout, _ unseen: [SignView],
        _ judged: [StickerView], key: RandomKey, _ outcome: inout Outcome
    ) throws {
        let (target, goal) = (outcome.target, outcome.target.index)
        // The same steps and as many pictures in each, all from the front and in the same light.
        func frontal(_ key: RandomKey) -> StickerView {
            SignView.frontal(key: key).picture(of: .stop, stickers: layout)
        }
        let fronts = (0..<min(attackPool, 100)).map { frontal(key["frontal"][$0]) }
        let single = try stickers(attack, network, fronts, target, cells: layout.cells, key: key["views"])
        outcome.single = StickerAttack.share(of: judged, seenAs: goal, by: network, with: single)
        outcome.singleNear = byDistance(unseen, judged, network, single, target)
        let home = (0..<100).map { frontal(key["home"][$0]) }
        outcome.singleAtHome = StickerAttack.share(of: home, seenAs: goal, by: network, with: single)
        let shares = (0..<randomStickers).map { index in
            let stickers = layout.randomCells(key: key["random stickers"][index])
            return StickerAttack.share(of: judged, seenAs: goal, by: network, with: stickers)
        }
        (outcome.random, outcome.bestRandom) = (Statistics.mean(shares), Statistics.greatest(shares))
        let bare = unseen.map { $0.picture(of: .stop) }
        outcome.none = StickerAttack.share(of: bare, seenAs: goal, by: network, with: [])
    }

    /// The views in four equal parts, from far to near.
    private func quarters(_ views: [SignView]) -> [[Int]] {
        let order = views.indices.sorted { (views[$0].size, $0) < (views[$1].size, $1) }
        return (0..<4).map { Array(order[$0 * order.count / 4..<($0 + 1) * order.count / 4]) }
    }

    private func byDistance(
        _ views: [SignView], _ pictures: [StickerView], _ network: NetworkGraph, _ stickers: [Float],
        _ target: TrafficSign
    ) -> [Double] {
        quarters(views).map { rows in
            StickerAttack.share(of: rows.map { pictures[$0] }, seenAs: target.index, by: network, with: stickers)
        }
    }

    /// The stop sign without stickers and with them, in the same views, and what the network sees.
    private func panels(
        _ views: [SignView], _ network: NetworkGraph, _ layout: StickerLayout, _ stickers: [Float]
    ) -> [ImageFigure.Panel] {
        func panel(_ view: StickerView, _ stickers: [Float]) -> ImageFigure.Panel {
            let seen = StickerAttack.predictions([view], by: network, with: stickers)[0]
            return ImageFigure.Panel(
                "seen: \(TrafficSign.allCases[seen].title)", height: SignView.side, width: SignView.side, channels: 3,
                values: view.picture(stickers))
        }
        let shown = views.prefix(6)
        return shown.map { panel($0.picture(of: .stop), []) }
            + shown.map { panel($0.picture(of: .stop, stickers: layout), stickers) }
    }
}

extension SignStudy {
    /// Every sign in one view, for a figure.
    public static func signs(key: RandomKey) -> [ImageFigure.Panel] {
        TrafficSign.allCases.map { sign in
            ImageFigure.Panel(
                sign.title, height: SignView.side, width: SignView.side, channels: 3,
                values: SignView(key: key[sign.rawValue]).picture(of: sign).picture([]))
        }
    }
}
