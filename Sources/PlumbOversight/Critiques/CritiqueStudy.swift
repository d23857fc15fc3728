public import PlumbBasics
internal import Foundation
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// A critic learns from planted flaws to point at wrong lines of proofs, and an overseer checks the lines it points at.
///
/// A generator, which knows arithmetic imperfectly, writes proofs. The critic's score of a whole proof chooses among
/// several (the discriminator); its pointers let the overseer reject proofs (critiques). What is claimed: pointed at
/// the right lines the overseer finds many more flaws with the same work. How it fails: a critic that learned another
/// task points anywhere.
///
/// Source: Saunders, Yeh, Wu, Bills, Ouyang, Ward, Leike 2022, *Self-critiquing models for assisting human evaluators*,
/// arXiv:2206.05802.
public struct CritiqueStudy: SettingGroup {
    @Setting("Lines of a proof.", 2...256) public var lines = 16
    @Setting("Lines that the overseer can check in a proof.", 1...256) public var budgets = [1, 2, 4, 8]
    @Setting("The number of checked lines that the claims are about; one of --budgets.", 1...256) public var budget = 2
    @Setting("Neurons in the hidden layers of critic and generator.", 1...4096) public var hidden = 64
    @Setting("Training steps of a critic: few leave it with errors of its own.", 1...1_000_000)
    public var criticSteps = 140
    @Setting("Training steps of the generator: few leave it with errors of its own.", 1...1_000_000)
    public var generatorSteps = 220
    @Setting("Lines in a training step.", 2...65_536) public var batch = 128
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.01
    @Setting("Proofs in a measurement.", 10...1_000_000) public var proofs = 5000
    @Setting("Proofs of one problem among which discriminator and overseer choose.", 2...256) public var samples = 4

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard budgets.contains(budget), zip(budgets, budgets.dropFirst()).allSatisfy(<), budgets.count <= 32,
            budgets.allSatisfy({ $0 <= lines })
        else {
            throw SettingsError(
                "--budgets takes numbers of lines up to --lines \(lines), the lowest first, and --budget \(budget) "
                    + "must be one of them")
        }
        guard proofs * samples * lines <= 1 << 24 else {
            throw SettingsError(
                "--proofs \(proofs) times --samples \(samples) times --lines \(lines) may be at most \(1 << 24)")
        }
    }

    /// Where ``budget`` stands among ``budgets``.
    public var place: Int { budgets.firstIndex(of: budget) ?? 0 }

    /// Who points at lines.
    public enum Critic: String, CaseIterable, Codable, Sendable {
        /// Learned from planted flaws of the same operation.
        case trained
        /// Learned from planted flaws of multiplication.
        case multiplication
        /// Learned from planted flaws of another task, in which each pair of digits has a random result.
        case otherTask
        /// Points at random.
        case random

        /// For people.
        public var title: String {
            switch self {
            case .trained: "trained critic"
            case .multiplication: "critic of multiplication"
            case .otherTask: "critic of another task"
            case .random: "random critic"
            }
        }
    }

    /// What a critic's help gave.
    public struct Help: Sendable, Codable, Equatable {
        /// The share of planted flaws that the overseer finds among the lines pointed at, for each budget.
        public let found: [Double]
        /// The same for the generator's own flaws: the share of flawed proofs of which a flaw is found.
        public let foundInGenerated: [Double]
        /// The area under the ROC curve of its suspicion of lines, in proofs with planted flaws.
        public let lineArea: Double
        /// The share of problems for which the least suspicious of several proofs is right.
        public let discriminated: Double
        /// The share for which a proof is right that the overseer could not reject after critiques, for each budget.
        public let critiqued: [Double]
    }

    /// What one seed gave.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The share of the generator's proofs that are right.
        public let generated: Double
        /// The share of problems for which one of several proofs is right.
        public let possible: Double
        /// The share of planted flaws that the overseer finds among lines chosen at random, for each budget.
        public let unaided: [Double]
        /// The same for the generator's flawed proofs.
        public let unaidedInGenerated: [Double]
        /// With critics.
        public let help: CaseValues<Critic, Help>

        /// How many more flaws are found with a critic than without help, as a share.
        public func gain(_ critic: Critic, budget: Int) -> Double { help[critic].found[budget] / unaided[budget] - 1 }
        /// The same for the generator's flawed proofs.
        public func gainInGenerated(_ critic: Critic, budget: Int) -> Double {
            help[critic].foundInGenerated[budget] / unaidedInGenerated[budget] - 1
        }
    }

    /// Trains critics and the generator and measures what the overseer finds.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let critic = try trainedCritic(of: .addition, key: key["critic"], label: "critic", in: session)
        let multiplication = try trainedCritic(
            of: .multiplication, key: key["multiplication"], label: "critic of multiplication", in: session)
        let other = try trainedCritic(
            of: .random(key: key["other task"]), key: key["other critic"], label: "critic of another task", in: session)
        let generator = try trainedGenerator(key: key["generator"], in: session)
        try session.reporter.checkpoint()
        var random = key["proofs"].generator()
        let planted = (0..<proofs).map { _ in ArithmeticProof.planted(.addition, lines: lines, using: &random) }
        let written = generatedProofs(of: generator, key: key["written"])
        let flawed = written.map { $0[0] }.filter { !$0.flaws.isEmpty }
        func share(_ proofs: [ArithmeticProof], _ suspicions: [[Double]]) -> [Double] {
            budgets.map { Self.share(found: proofs, suspicions, budget: $0) }
        }
        return Outcome(
            generated: Double(written.count { $0[0].flaws.isEmpty }) / Double(proofs),
            possible: Double(written.count { $0.contains { $0.flaws.isEmpty } }) / Double(proofs),
            unaided: share(planted, chance(planted, key: key["unaided"])),
            unaidedInGenerated: share(flawed, chance(flawed, key: key["unaided, generated"])),
            help: CaseValues { kind in
                func suspicions(_ proofs: [ArithmeticProof], _ name: String) -> [[Double]] {
                    switch kind {
                    case .trained: Self.suspicions(of: proofs, by: critic)
                    case .multiplication: Self.suspicions(of: proofs, by: multiplication)
                    case .otherTask: Self.suspicions(of: proofs, by: other)
                    case .random: chance(proofs, key: key["random critic"][name])
                    }
                }
                let ofPlanted = suspicions(planted, "planted")
                let all = suspicions(written.flatMap { $0 }, "choice")
                return Help(
                    found: share(planted, ofPlanted), foundInGenerated: share(flawed, suspicions(flawed, "flawed")),
                    lineArea: Self.area(planted, ofPlanted),
                    discriminated: choice(written, all) { proofs, suspicions in
                        suspicions.indices.min { Self.worst(suspicions[$0]) < Self.worst(suspicions[$1]) } ?? 0
                    },
                    critiqued: budgets.map { budget in
                        choice(written, all) { proofs, suspicions in
                            proofs.indices.first {
                                !LimitedOverseer.finds(
                                    proofs[$0], checking: Self.mostSuspicious(suspicions[$0], budget))
                            } ?? 0
                        }
                    })
            })
    }

    private static func worst(_ suspicions: [Double]) -> Double { suspicions.max() ?? -.infinity }

    /// The lines that a critic points at, the most suspicious first.
    static func mostSuspicious(_ suspicions: [Double], _ count: Int) -> [Int] {
        Array(suspicions.indices.sorted { (suspicions[$1], $0) < (suspicions[$0], $1) }.prefix(count))
    }

    private static func share(found proofs: [ArithmeticProof], _ suspicions: [[Double]], budget: Int) -> Double {
        let found = zip(proofs, suspicions).count {
            LimitedOverseer.finds($0, checking: mostSuspicious($1, budget))
        }
        return Double(found) / Double(proofs.count)
    }

    private static func area(_ proofs: [ArithmeticProof], _ suspicions: [[Double]]) -> Double {
        var (positives, negatives): ([Double], [Double]) = ([], [])
        for (proof, values) in zip(proofs, suspicions) {
            for line in values.indices {
                if proof.isFlawed(line) { positives.append(values[line]) } else { negatives.append(values[line]) }
            }
        }
        return Statistics.auroc(positives: positives, negatives: negatives)
    }

    /// The share of problems for which the chosen proof is right.
    private func choice(
        _ written: [[ArithmeticProof]], _ suspicions: [[Double]],
        _ choose: (_ proofs: [ArithmeticProof], _ suspicions: [[Double]]) -> Int
    ) -> Double {
        let right = written.enumerated().count { index, proofs in
            let own = Array(suspicions[index * samples..<(index + 1) * samples])
            return proofs[choose(proofs, own)].flaws.isEmpty
        }
        return Double(right) / Double(written.count)
    }

    private func chance(_ proofs: [ArithmeticProof], key: RandomKey) -> [[Double]] {
        var random = key.generator()
        return proofs.map { $0.lines.map { _ in random.uniform() } }
    }

    /// How probable a flaw is in each line, as a logarithm.
    private static func suspicions(of proofs: [ArithmeticProof], by critic: TokenNetwork) -> [[Double]] {
        // There are a thousand different lines.
        let all = (0..<1000).map { [$0 / 100, $0 / 10 % 10, $0 % 10] }
        let table = critic.logProbabilities(all).map { $0[1] }
        return proofs.map { $0.lines.map { table[$0.one * 100 + $0.other * 10 + $0.result] } }
    }

    private func trainedCritic(
        of operation: DigitOperation, key: RandomKey, label: String, in session: FitSession
    ) throws -> TokenNetwork {
        try TokenNetwork([10, 10, 10], hidden: hidden, outputs: 2, key: key["weights"]).trained(
            steps: criticSteps, learningRate: learningRate, label: label, in: session
        ) { step in
            var random = key["data"][step].generator()
            // Proofs of two lines with one planted flaw: as many wrong lines as right ones.
            let proofs = (0..<batch / 2).map { _ in ArithmeticProof.planted(operation, lines: 2, using: &random) }
            return (
                proofs.flatMap { $0.lines.map(\.tokens) },
                proofs.flatMap { proof in proof.lines.indices.map { proof.isFlawed($0) ? 1 : 0 } }
            )
        }
    }

    private func trainedGenerator(key: RandomKey, in session: FitSession) throws -> TokenNetwork {
        try TokenNetwork([10, 10], hidden: hidden, outputs: 10, key: key["weights"]).trained(
            steps: generatorSteps, learningRate: learningRate, label: "generator", in: session
        ) { step in
            var random = key["data"][step].generator()
            let rows = (0..<batch).map { _ in [random.index(below: 10), random.index(below: 10)] }
            return (rows, rows.map { DigitOperation.addition($0[0], $0[1]) })
        }
    }

    /// Several proofs of each problem, drawn from the generator's probabilities.
    ///
    /// - Shapes: result `[proofs][samples]`.
    private func generatedProofs(of generator: TokenNetwork, key: RandomKey) -> [[ArithmeticProof]] {
        let chances = generator.logProbabilities((0..<100).map { [$0 / 10, $0 % 10] }).map { $0.map { exp($0) } }
        return (0..<proofs).map { problem in
            var random = key[problem].generator()
            let (start, digits) = (random.index(below: 10), (0..<lines).map { _ in random.index(below: 10) })
            return (0..<samples).map { _ in
                ArithmeticProof(.addition, start: start, digits: digits) { _, one, other in
                    var (left, result) = (random.uniform(), 0)
                    for digit in 0..<10 {
                        result = digit
                        left -= chances[one * 10 + other][digit]
                        if left < 0 { break }
                    }
                    return result
                }
            }
        }
    }
}
