internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// The same classifier trained plainly, with noise and against attackers, with the same steps on the same batches, then
/// attacked by everything.
public struct RobustTrainingStudy: SettingGroup {
    @Setting("The largest change of a pixel that is trained against.", 0.001...1) public var radius = 0.15
    @Setting("The largest changes of a pixel for the curves.", 0.001...1) public var radii = [0.05, 0.1, 0.15, 0.2]
    @Setting("Steps of the attack inside PGD training.", 1...1000) public var pgdSteps = 7
    @Setting("Steps of the attack inside TRADES.", 1...1000) public var tradesSteps = 10
    @Setting("The weight β of the divergence in TRADES.", 0...1000) public var beta = 6.0
    @Setting("The length of a step of fast adversarial training, as a part of the radius.", 0.01...2)
    public var fastStep = 1.25
    @Setting("Standard deviations of the noise of training with noise.", 0...1) public var noise = [0.15, 0.3]
    @Setting("Steps of each ascent of the battery.", 1...10_000) public var steps = 100
    @Setting("Queries of the square attack for each picture.", 2...1_000_000) public var queries = 5000
    @Setting("Queries of the square attack where signs of masked gradients are looked for.", 2...1_000_000)
    public var diagnosisQueries = 1000

    /// The reference settings.
    public init() {}

    /// One way to train, and how the result fares.
    public struct Row: Codable, Sendable {
        /// The method.
        public var name: String
        /// Accuracy as they are, under noise of the radius, and under the battery.
        public var clean = 0.0, noise = 0.0, battery = 0.0
        /// Accuracy under PGD at each radius.
        public var pgd: [Double] = []
        /// Accuracy under PGD and under APGD on the cross-entropy at the radius trained against.
        public var single = 0.0
        /// The kinds of signs of masked gradients, and the same with logits times 100.
        public var flags: [String] = [], maskedFlags: [String] = []
    }

    /// All ways of one seed.
    public struct Outcome: Codable, Sendable {
        /// Plain first.
        public var rows: [Row] = []
        /// The battery's accuracy on the PGD-trained network with another key.
        public var repeated = 0.0

        /// The row of a method.
        public subscript(_ name: String) -> Row? { rows.first { $0.name == name } }
    }

    /// The names of the methods in the order of the table.
    public var methods: [String] { ["plain"] + noise.map { "noise \($0)" } + ["PGD", "TRADES", "fast"] }

    private func method(_ name: String) -> RobustTraining.Method {
        let set = PerturbationSet(.linf, radius: radius)
        return switch name {
        case "plain": .plain
        case "PGD": .adversarial(set, steps: pgdSteps, relativeStep: 2.5 / Double(pgdSteps))
        case "TRADES": .trades(set, beta: Float(beta), steps: tradesSteps, relativeStep: 2.5 / Double(tradesSteps))
        case "fast": .fast(set, relativeStep: fastStep)
        default: .noise(Float(noise.first { "noise \($0)" == name } ?? 0))
        }
    }

    /// Trains one classifier in every way and attacks each.
    ///
    /// - Parameters:
    ///   - data: pictures to learn and to attack.
    ///   - training: how.
    ///   - key: of everything.
    ///   - session: where training reports to.
    /// - Throws: what training and attacks throw.
    public func run(
        _ data: ImageBenchmark, _ training: RobustTraining, key: RandomKey, in session: FitSession
    ) throws -> Outcome {
        var outcome = Outcome()
        let start = data.network(key: key["network"])
        let share = 1 / Double(methods.count)
        for (index, name) in methods.enumerated() {
            let begin = Double(index) * share
            let network = try training.train(
                start, inputs: data.train.images, labels: data.train.labels, by: method(name), key: key["training"],
                label: name, in: session.spanning(begin...(begin + share / 2)))
            let attacks = session.reporter.spanning((begin + share / 2)...(begin + share))
            outcome.rows.append(try row(name, network, data.test, key["attacks"], attacks))
            guard name == "PGD" else { continue }
            outcome.repeated = try battery().run(
                network, images: data.test.images, labels: data.test.labels, key: key["again"]
            ).accuracy
        }
        return outcome
    }

    private func battery() -> AttackBattery {
        .standard(PerturbationSet(.linf, radius: radius), steps: steps, queries: queries)
    }

    private func row(
        _ name: String, _ network: NetworkGraph, _ test: LabeledImages, _ key: RandomKey, _ reporter: RunReporter
    ) throws -> Row {
        // PGD at each radius and once more, noise, the battery and two diagnoses.
        var progress = AttackProgress(
            reporter, "\(name), attacks", parts: radii.count + 4 + AttackProgress.battery)
        func checkpoint() throws { try progress.next() }
        func accuracy(_ attack: some Attack) throws -> Double {
            try checkpoint()
            return try attack.run(network, images: test.images, labels: test.labels, key: key).accuracy
        }
        var row = Row(name: name)
        let set = PerturbationSet(.linf, radius: radius)
        row.pgd = try radii.map { try accuracy(AttackStudy.pgd(set.with(radius: $0))) }
        row.single = try accuracy(PGD(set, steps: 40, relativeStep: 0.1))
        row.noise = try accuracy(RandomNoise(set))
        let found = try progress.run(
            battery(), network, images: test.images, labels: test.labels, key: key)
        (row.clean, row.battery) = (found.cleanAccuracy, found.accuracy)
        var diagnosis = MaskingDiagnosis(set)
        (diagnosis.steps, diagnosis.queries) = (steps, diagnosisQueries)
        func flags(_ model: some HookedModel<Tensor>) throws -> [String] {
            try checkpoint()
            return try diagnosis.run(model, images: test.images, labels: test.labels, key: key).flags
                .map(\.kind.rawValue)
        }
        row.flags = try flags(network)
        row.maskedFlags = try flags(MaskedNetwork(network, .scaledLogits(100), key: key))
        return row
    }
}
