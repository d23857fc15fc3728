internal import PlumbData
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A training run, transcripts of it that are true and false, and what replaying their segments shows (Jia et al. 2021,
/// *Proof-of-Learning*, arXiv:2103.05633; Choi, Shavit, Duvenaud 2023, arXiv:2307.00682).
public struct ProofOfLearningStudy: SettingGroup {
    @Setting("Steps of a training run.", 20...100_000) public var steps = 880
    @Setting("Steps between two checkpoints.", 1...10_000) public var segmentSteps = 10
    @Setting("Pictures in a step.", 1...1437) public var batch = 32
    @Setting("The learning rate.", 1e-6...10) public var learningRate = 0.1
    @Setting("Part of the segments in which a cheat skips steps or swaps data.", 0.01...1) public var cheated = 0.1
    @Setting("Part of the labels that are others where data is swapped.", 0.001...1) public var swapped = 0.05
    @Setting("Honest runs that are inspected in search of a false alarm.", 1...100_000) public var honestRuns = 100
    @Setting("Steps of each of them.", 1...100_000) public var honestSteps = 40

    /// The run of the quick experiment.
    public init() {}

    /// A false transcript.
    public enum Cheat: String, CaseIterable, Sendable, Codable {
        /// Straight lines from fresh weights to weights that were trained elsewhere.
        case interpolated = "interpolated weights"
        /// Trained in another order than the one committed to.
        case otherOrder = "another order"
        /// Half of the steps left out, in some segments.
        case skipped = "skipped steps"
        /// Trained on other labels than those committed to, in some segments.
        case swapped = "swapped data"
    }

    /// What one run shows.
    public struct Outcome: Codable, Sendable {
        /// The distance between the final weights of two runs from different seeds.
        public var reference = 0.0
        /// Distances by segment of the honest transcript.
        public var honest: [Double] = []
        /// Distances by segment of each false one, in the order of ``Cheat``.
        public var cheats: [[Double]] = []
        /// Distances by segment where the rows inside each batch are in another order.
        public var permuted: [Double] = []
        /// For each false transcript, which segments are false.
        public var isFalse: [[Bool]] = []
        /// The part of a segment's rows whose memorization rose less than that of the median held-out row.
        public var seen = 0.0
        /// The same of rows that no step has used yet, in two halves.
        public var unseen: [Double] = []

        /// How many times as far off the nearest segment of interpolated weights is as a true one whose batches are
        /// permuted, which differs by rounding alone.
        public var interpolatedOverRounding: Double {
            (cheats.first?.min() ?? .nan) / (permuted.reduce(0, +) / Double(permuted.count))
        }

        /// The part of the false segments of a transcript whose replay differs.
        public func caught(_ cheat: Int) -> Double {
            let errors = zip(cheats[cheat], isFalse[cheat]).filter(\.1).map(\.0)
            return Double(errors.count { $0 > 0 }) / Double(errors.count)
        }

        /// The least distance of a false segment, relative to two runs' distance.
        public func least(_ cheat: Int) -> Double {
            (zip(cheats[cheat], isFalse[cheat]).filter(\.1).map(\.0).min() ?? .nan) / reference
        }
    }

    private func start(_ seed: UInt64) -> MLP {
        MLP([64, 128, 64, 10], initializer: .heNormal, key: RandomKey(seed)["weights"])
    }

    private func order(_ data: TrainingData, seed: UInt64, steps: Int) -> DataOrder {
        let batches = Batches(count: data.labels.count, size: batch, key: RandomKey(seed)["order"])
        return DataOrder(batches: (0..<steps).map { batches.rows(step: $0) }, seed: seed, data: data.hash)
    }

    /// Trains, cheats and replays.
    ///
    /// - Parameters:
    ///   - data: what is trained on.
    ///   - held: what is not.
    ///   - checkpoint: called between parts.
    /// - Throws: what `checkpoint` throws.
    public func run(
        _ data: TrainingData, held: TrainingData, seed: UInt64, checkpoint: () throws -> Void
    ) throws -> Outcome {
        let steps = steps / segmentSteps * segmentSteps
        let order = order(data, seed: seed, steps: steps)
        let truth = TrainingTranscript.honest(
            order, from: start(seed), data, every: segmentSteps, learningRate: learningRate)
        var outcome = Outcome()
        outcome.honest = truth.errors(data, learningRate: learningRate)
        try checkpoint()
        let other = self.order(data, seed: seed &+ 1, steps: steps)
        let second = TrainingTranscript.honest(
            other, from: start(seed &+ 1), data, every: segmentSteps, learningRate: learningRate)
        outcome.reference = second.checkpoints[truth.segments].distance(to: truth.checkpoints[truth.segments])
        try checkpoint()
        let window = window(truth.segments)
        for cheat in Cheat.allCases {
            let transcript = transcript(cheat, truth, second, data, in: window)
            outcome.cheats.append(transcript.errors(data, learningRate: learningRate))
            outcome.isFalse.append(
                (0..<truth.segments).map { cheat == .interpolated || cheat == .otherOrder || window.contains($0) })
            try checkpoint()
        }
        var reordered = truth
        reordered.order.batches = truth.order.batches.map { $0.reversed() }
        outcome.permuted = reordered.errors(data, learningRate: learningRate)
        (outcome.seen, outcome.unseen) = Memorization.belowMedian(truth, data, held: held)
        return outcome
    }

    /// The segments in which a cheat cheats: some in the middle.
    private func window(_ segments: Int) -> Range<Int> {
        let count = max(1, Int((cheated * Double(segments)).rounded()))
        let first = (segments - count) / 2
        return first..<first + count
    }

    private func transcript(
        _ cheat: Cheat, _ truth: TrainingTranscript, _ second: TrainingTranscript, _ data: TrainingData,
        in window: Range<Int>
    ) -> TrainingTranscript {
        var falsified = truth
        switch cheat {
        case .interpolated:
            let (fresh, stolen) = (second.checkpoints[0], truth.checkpoints[truth.segments])
            falsified.checkpoints = (0...truth.segments).map {
                fresh.interpolated(to: stolen, Float($0) / Float(truth.segments))
            }
        case .otherOrder:
            falsified.checkpoints =
                TrainingTranscript.honest(
                    second.order, from: truth.checkpoints[0], data, every: segmentSteps, learningRate: learningRate
                ).checkpoints
        case .skipped, .swapped:
            var wrong = data
            if cheat == .swapped {
                let every = max(1, Int((1 / swapped).rounded()))
                wrong = TrainingData(
                    inputs: data.inputs,
                    labels: data.labels.enumerated().map {
                        $0.offset.isMultiple(of: every) ? ($0.element + 1) % 10 : $0.element
                    })
            }
            for segment in window.lowerBound..<truth.segments {
                let batches = truth.batches(segment)
                let isCheated = window.contains(segment)
                let used = isCheated && cheat == .skipped ? batches.prefix(segmentSteps / 2) : batches
                falsified.checkpoints[segment + 1] = (isCheated ? wrong : data).trained(
                    falsified.checkpoints[segment], on: used, learningRate: learningRate)
            }
        }
        return falsified
    }

    /// How many honest runs raise an alarm: an order that is not the one committed to, or a segment that does not replay.
    ///
    /// - Throws: what `checkpoint` throws.
    public func falseAlarms(_ data: TrainingData, key: RandomKey, checkpoint: () throws -> Void) throws -> Int {
        try (0..<honestRuns).count { index in
            try checkpoint()
            var random = key[index].generator()
            let seed = random.next() >> 32
            let order = order(data, seed: seed, steps: honestSteps)
            let commitment = order.commitment
            let transcript = TrainingTranscript.honest(
                order, from: start(seed), data, every: min(segmentSteps, honestSteps), learningRate: learningRate)
            return transcript.order.commitment != commitment
                || transcript.errors(data, learningRate: learningRate).contains { $0 != 0 }
        }
    }
}
