public import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Two bars on pictures of digits, for every pair of a class and the one that it should be taken for.
public struct DigitStickerStudy: SettingGroup {
    @Setting("Steps of an attack on digits.", 1...10_000) public var digitSteps = 60
    @Setting("Pictures in a step of an attack on digits.", 1...1024) public var digitViews = 32

    /// The study of the quick experiment.
    public init() {}

    /// What one seed gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The accuracy on test pictures.
        public var accuracy = 0.0
        /// The mean over pairs of the share of unseen pictures that are taken for the target: with bars made over
        /// changes of
        /// light, with bars made without them, with random bars, and with none.
        public var success = 0.0, plain = 0.0, random = 0.0, none = 0.0
        /// Success by class and target; NaN on the diagonal.
        public var pairs: [[Double]] = []
    }

    /// The two bars of 2 × 6 pixels, as places in a picture of 8 × 8.
    static let bars = [1, 2, 5, 6].flatMap { row in (1...6).map { row * 8 + $0 } }

    /// Puts bars on digits, one pair for each class and target.
    ///
    /// - Throws: `FitError`, `ModelError`, `RunInterrupted`.
    public func run(
        train: LabeledImages, test: LabeledImages, training: DistributionShiftStudy, key: RandomKey,
        in session: FitSession
    ) throws -> Outcome {
        let network = try training.train(train, key: key["network"], label: "digits", in: session)
        let classes = train.classNames.count
        var attack = StickerAttack()
        (attack.attackSteps, attack.attackViews, attack.attackRate) = (digitSteps, digitViews, 0.1)
        var outcome = Outcome()
        outcome.accuracy = try RecordedOutputs(network, test.images).accuracy(test.labels)
        outcome.pairs = [[Double]](repeating: [Double](repeating: .nan, count: classes), count: classes)
        var sums = (plain: 0.0, random: 0.0, none: 0.0)
        for source in 0..<classes {
            try session.reporter.checkpoint()
            session.reporter.progress("bars on digits", source, of: classes)
            let known = Self.pictures(train, source), unseen = Self.pictures(test, source)
            let judged = unseen.indices.map { Self.view(unseen[$0], isChanged: true, key: key["judged"][source][$0]) }
            let bare = unseen.indices.map {
                Self.view(unseen[$0], isChanged: true, hasBars: false, key: key["judged"][source][$0])
            }
            for target in 0..<classes where target != source {
                let key = key["attack"][source][target]
                func bars(_ isChanged: Bool) throws -> [Float] {
                    try attack.stickers(
                        against: network, target: target, cells: Self.bars.count, isPrinted: false, key: key["start"]
                    ) { step in
                        var random = key["pictures"][step].generator()
                        return (0..<digitViews).map { view in
                            Self.view(
                                known[random.index(below: known.count)], isChanged: isChanged, key: key[step][view])
                        }
                    }
                }
                func share(_ stickers: [Float], _ views: [StickerView]) -> Double {
                    StickerAttack.share(of: views, seenAs: target, by: network, with: stickers)
                }
                outcome.pairs[source][target] = share(try bars(true), judged)
                sums.plain += share(try bars(false), judged)
                var random = key["random"].generator()
                sums.random += share(Self.bars.map { _ in Float(random.uniform()) }, judged)
                sums.none += share([], bare)
            }
        }
        let count = Double(classes * (classes - 1))
        outcome.success = outcome.pairs.joined().filter { !$0.isNaN }.reduce(0, +) / count
        (outcome.plain, outcome.random, outcome.none) = (sums.plain / count, sums.random / count, sums.none / count)
        return outcome
    }

    private static func pictures(_ data: LabeledImages, _ label: Int) -> [[Float]] {
        data.labels.indices.filter { data.labels[$0] == label }.map { data.images.gathered([$0]).elements }
    }

    /// A picture with bars in changing light: times 0.7 to 1.3, plus up to 0.15, and noise of deviation 0.1.
    private static func view(
        _ picture: [Float], isChanged: Bool, hasBars: Bool = true, key: RandomKey
    ) -> StickerView {
        var random = key.generator()
        let scale = isChanged ? Float(0.7 + 0.6 * random.uniform()) : 1
        let shift = isChanged ? Float(0.3 * random.uniform() - 0.15) : 0
        var base = picture
        if hasBars { for place in bars { base[place] = 0 } }
        for place in base.indices {
            base[place] = base[place] * scale + shift + (isChanged ? Float(0.1 * random.normal()) : 0)
        }
        guard hasBars else { return StickerView(base: base) }
        return StickerView(
            base: base, numbers: bars.map(Int32.init), cells: bars.indices.map(Int32.init),
            weights: [Float](repeating: scale, count: bars.count))
    }
}
