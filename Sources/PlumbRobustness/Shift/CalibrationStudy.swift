internal import PlumbData
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
internal import PlumbTensor

/// How far probabilities can be trusted, and sets of classes that hold the right one as often as promised.
///
/// A classifier is trained on few pictures; all others are held out: some are for calibration, the rest for testing.
public struct CalibrationStudy: SettingGroup {
    @Setting("Pictures from which the classifier learns whose probabilities are calibrated.", 20...100_000)
    public var pictures = 150
    @Setting("Epochs of its training.", 1...10_000) public var longEpochs = 400
    @Setting("Pictures for calibration.", 20...100_000) public var calibrated = 300
    @Setting("The share of sets that may miss the right class.", 0.001...0.5) public var error = 0.1
    @Setting("Random choices of the calibration pictures of conformal sets.", 2...100_000) public var draws = 200
    @Setting("Deviation of the noise under which coverage is measured.", 0...10) public var shift = 0.35

    /// The study of the quick experiment.
    public init() {}

    /// What one seed gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The share of held-out test pictures that the classifier gets right, and the share whose class scaling
        /// changes.
        public let accuracy: Double, changed: Double
        /// The fitted temperature, and the one fitted to logits that were divided by it.
        public let temperature: Double, secondTemperature: Double
        /// Calibration errors and mean cross-entropies on test pictures, without and with scaling.
        public let error: Double, scaledError: Double, loss: Double, scaledLoss: Double
        /// Bins without and with scaling.
        public let plain: Reliability, scaled: Reliability
        /// The coverage of each draw.
        public let coverage: [Double]
        /// The standard deviation of coverage beyond that of a finite number of test pictures, and the one of theory.
        public let deviation: Double, expectedDeviation: Double
        /// The mean coverage of noisy pictures, with sets calibrated on pictures without noise.
        public let shiftedCoverage: Double
        /// The mean number of classes in a set.
        public let size: Double
    }

    func run(
        _ study: DistributionShiftStudy, train: LabeledImages, test: LabeledImages, key: RandomKey,
        in session: FitSession
    ) throws -> Outcome {
        let all = LabeledImages(
            images: .concatenated([train.images, test.images]), labels: train.labels + test.labels,
            classNames: train.classNames)
        guard pictures + 2 * calibrated <= all.count else {
            throw RobustnessStudyError(
                "\(pictures) pictures to learn from, and twice \(calibrated) held out, are more than the "
                    + "\(all.count) there are"
            )
        }
        var random = key["split"].generator()
        // As many as are needed: of sixty thousand pictures most would only cost time.
        let order = Array(0..<all.count).shuffled(using: &random).prefix(pictures + 10 * calibrated)
        let network = try study.train(
            all[Array(order.prefix(pictures))], epochs: longEpochs, key: key["network"], label: "few pictures",
            in: session)
        let held = all[Array(order.dropFirst(pictures))]
        let outputs = try RecordedOutputs(network, held.images)
        let noise = Tensor.normal(held.images.shape, standardDeviation: shift, key: key["noise"])
        let noisy = try RecordedOutputs(network, (held.images + noise).clamped(to: 0...1))
        return outcome(outputs, noisy, labels: held.labels, key: key["draws"])
    }

    private func outcome(
        _ outputs: RecordedOutputs, _ noisy: RecordedOutputs, labels: [Int], key: RandomKey
    ) -> Outcome {
        let (first, rest) = (Array(0..<calibrated), Array(calibrated..<outputs.count))
        func chosen(_ rows: [Int]) -> [Int] { rows.map { labels[$0] } }
        let scaling = TemperatureScaling(fitting: outputs[first].logits, labels: chosen(first))
        let (tested, truth) = (outputs[rest].logits, chosen(rest))
        let one = TemperatureScaling(temperature: 1)
        let (plain, scaled) = (one.probabilities(tested), scaling.probabilities(tested))
        let divided = outputs[first].logits * Float(1 / scaling.temperature)
        let bins = (Reliability(plain, labels: truth), Reliability(scaled, labels: truth))
        let sets = conformal(
            one.probabilities(outputs.logits), one.probabilities(noisy.logits), labels: labels, key: key)
        func best(_ row: [Double]) -> Int { row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
        return Outcome(
            accuracy: outputs[rest].accuracy(truth),
            changed: Double(zip(outputs[rest].predictions, scaled).count { $0 != best($1) }) / Double(rest.count),
            temperature: scaling.temperature,
            secondTemperature: TemperatureScaling(fitting: divided, labels: chosen(first)).temperature,
            error: bins.0.calibrationError, scaledError: bins.1.calibrationError,
            loss: one.crossEntropy(tested, labels: truth), scaledLoss: scaling.crossEntropy(tested, labels: truth),
            plain: bins.0, scaled: bins.1, coverage: sets.coverage,
            deviation: ConformalSets.deviation(
                beyondSampling: Self.deviation(sets.coverage), mean: Statistics.mean(sets.coverage),
                count: rest.count),
            expectedDeviation: sets.expected, shiftedCoverage: Statistics.mean(sets.shifted),
            size: Statistics.mean(sets.sizes))
    }

    private static func deviation(_ values: [Double]) -> Double {
        let mean = Statistics.mean(values)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))).squareRoot()
    }

    /// Coverage with calibration pictures chosen at random each time, of the held-out pictures that are left.
    private func conformal(
        _ clean: [[Double]], _ noisy: [[Double]], labels: [Int], key: RandomKey
    ) -> (coverage: [Double], shifted: [Double], sizes: [Double], expected: Double) {
        var (coverage, shifted, sizes): ([Double], [Double], [Double]) = ([], [], [])
        var expected = Double.nan
        for draw in 0..<draws {
            var random = key[draw].generator()
            let order = labels.indices.shuffled(using: &random)
            let (chosen, rest) = (order.prefix(calibrated), order.dropFirst(calibrated))
            let sets = ConformalSets(chosen.map { clean[$0] }, labels: chosen.map { labels[$0] }, error: error)
            let truth = rest.map { labels[$0] }
            coverage.append(sets.coverage(rest.map { clean[$0] }, labels: truth))
            shifted.append(sets.coverage(rest.map { noisy[$0] }, labels: truth))
            sizes.append(Double(rest.reduce(0) { $0 + sets.classes(clean[$1]).count }) / Double(rest.count))
            expected = sets.expected.deviation
        }
        return (coverage, shifted, sizes, expected)
    }
}
