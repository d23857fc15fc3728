internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Attacks one after another, each on the samples that all before it left unbroken, from the samples as they are: a sample
/// counts as robust only where none breaks it.
///
/// ```swift
/// let battery = AttackBattery.standard(PerturbationSet(.linf, radius: 0.1))
/// let result = try battery.run(network, images: test.images, labels: test.labels, key: RandomKey(0)["battery"])
/// print(result.accuracy, result.parts.map(\.name))
/// ```
public struct AttackBattery: Sendable {
    /// In their order.
    public var attacks: [any Attack]

    /// - Precondition: there is an attack, and all have one set of changes.
    public init(_ attacks: [any Attack]) {
        require(
            !attacks.isEmpty && attacks.allSatisfy { $0.set == attacks[0].set },
            "a battery needs attacks that may make the same changes")
        self.attacks = attacks
    }

    /// The standard battery of AutoAttack (Croce, Hein 2020, arXiv:2003.01690): APGD on the cross-entropy, targeted APGD
    /// and targeted FAB for nine classes, and the square attack; for L1 without the square attack.
    ///
    /// - Parameters:
    ///   - set: the changes allowed.
    ///   - steps: of each ascent.
    ///   - queries: of the square attack, for each sample.
    ///   - targets: classes of the targeted attacks.
    public static func standard(
        _ set: PerturbationSet, steps: Int = 100, queries: Int = 5000, targets: Int = 9
    ) -> AttackBattery {
        let white: [any Attack] = [
            AutoPGD(set, .crossEntropy, steps: steps), AutoPGD(set, .targets(targets), steps: steps),
            FAB(set, steps: steps, targetClasses: targets),
        ]
        return AttackBattery(set.norm == .l1 ? white : white + [SquareAttack(set, queries: queries)])
    }

    /// The set of changes.
    public var set: PerturbationSet { attacks[0].set }

    /// Runs all attacks.
    ///
    /// - Parameters:
    ///   - model: from samples to logits `[B, K]`.
    ///   - images: `[B, …]`.
    ///   - labels: the right classes.
    ///   - batch: how many samples go through all attacks together, so that progress is told more often; all unless given.
    ///     The result does not depend on it.
    ///   - key: of the attacks' chance.
    ///   - progress: told how far the battery is, and may end it by throwing.
    /// - Throws: ``AttackError`` as ``Attack/run(_:images:labels:targets:key:)``; what `progress` throws.
    public func run(
        _ model: some HookedModel<Tensor>, images: Tensor, labels: [Int], batch: Int? = nil, key: RandomKey,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> BatteryResult {
        require(batch ?? 1 > 0, "a battery attacks one sample or more at a time, got \(batch ?? 0)")
        var queries = ModelQueries(model)
        let task = try AttackTask(
            &queries, images: images, labels: labels, targets: nil, bounds: set.bounds, key: key)
        if let attack = attacks.first(where: { $0.leastClasses > task.classes }) {
            throw AttackError(
                "\(attack.name) needs \(attack.leastClasses) classes or more, and the network has \(task.classes): leave "
                    + "that attack out")
        }
        let correct = task.broken(task.logits).map { !$0 }
        var result = BatteryResult(
            correct: correct, robust: correct, adversarial: images, distances: [],
            parts: attacks.map { .init(name: $0.name, tried: 0, broken: 0, forwards: 0, gradients: 0) })
        let size = min(batch ?? task.count, task.count)
        for start in stride(from: 0, to: task.count, by: size) {
            let end = min(start + size, task.count)
            for (index, attack) in attacks.enumerated() {
                let done = Double(start) + Double((end - start) * index) / Double(attacks.count)
                try progress(done / Double(task.count))
                let open = (start..<end).filter { result.robust[$0] }
                guard !open.isEmpty else { continue }
                let found = try attack.run(task[open], &queries)
                result.adversarial.set(open, to: found.adversarial)
                for (place, row) in open.enumerated() where found.succeeded[place] { result.robust[row] = false }
                result.parts[index].add(found)
            }
        }
        try progress(1)
        result.distances = set.norm.distances(result.adversarial, from: images)
        return result
    }
}

/// What a battery found.
public struct BatteryResult: Sendable {
    /// One attack's share.
    public struct Part: Sendable, Equatable {
        /// The attack.
        public let name: String
        /// Samples that were unbroken before it.
        public fileprivate(set) var tried: Int
        /// Samples of these that it broke.
        public fileprivate(set) var broken: Int
        /// Samples passed forward.
        public fileprivate(set) var forwards: Int
        /// Samples whose gradient was computed.
        public fileprivate(set) var gradients: Int

        fileprivate mutating func add(_ found: AttackResult) {
            tried += found.succeeded.count
            broken += found.succeeded.count { $0 }
            forwards += found.forwards
            gradients += found.gradients
        }
    }

    /// Whether each sample is answered correctly as it is.
    public let correct: [Bool]
    /// Whether each sample is answered correctly as it is and after every attack.
    public internal(set) var robust: [Bool]
    /// The changed samples: the broken point of each, or what the last attack came to.
    public internal(set) var adversarial: Tensor
    /// The sizes of the changes.
    public internal(set) var distances: [Double]
    /// The attacks in their order.
    public internal(set) var parts: [Part]

    /// The accuracy on the samples as they are.
    public var cleanAccuracy: Double { Self.share(correct) }
    /// The accuracy under the worst attack on each sample.
    public var accuracy: Double { Self.share(robust) }

    private static func share(_ values: [Bool]) -> Double {
        values.isEmpty ? .nan : Double(values.count { $0 }) / Double(values.count)
    }
}
