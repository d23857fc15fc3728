internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains a learner on answers that an overseer gives with the learner's own help, and compares it with learners taught by
/// the truth, by the overseer's facts alone, and by the finished amplified learner.
///
/// The overseer H can look up σ(x) and split a question: σᵏ(x) is σ to the one half of k of σ to the other half of x. It
/// asks the learner X both, first the one, then the other, and X learns to give H's answer at once. So X never sees an answer
/// for k above 1 that it did not make itself. As in the paper, an exponential average of X's weights answers H, and larger k
/// are asked when X agrees with H on all levels of k that are asked; no true answer is used for that.
///
/// Source: Christiano, Shlegeris, Amodei 2018, *Supervising strong learners by amplifying weak experts*, arXiv:1810.08575.
public struct AmplificationStudy: SettingGroup {
    typealias Task = PermutationTask
    typealias Learner = AgentLearner<HookedTransformer, Adam>

    @Setting("Permutations that questions are about, at most 5,040.", 1...5040) public var permutations = 4
    @Setting("Blocks of a learner.", 1...32) public var layers = 2
    @Setting("Width of the residual stream, which the heads divide.", 1...1024) public var width = 64
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting("Training steps of the amplified learner.", 1...1_000_000) public var steps = 3000
    @Setting("Training steps of each of the learners beside it.", 1...1_000_000) public var comparisonSteps = 1000
    @Setting("Texts in a training step; each asks of one permutation.", 1...4096) public var batch = 16
    @Setting("Questions in a text.", 1...64) public var questions = 16
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.003
    @Setting("Decay of the average of the weights that answers the overseer.", 0...0.9999) public var decay = 0.97
    @Setting("Agreement with the overseer over 20 steps, on every level of k, at which larger k are asked.", 0...1)
    public var agreement = 0.9

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
        }
        guard layers * width * batch * questions <= 1 << 22 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times --batch \(batch) times --questions \(questions) may be "
                    + "at most \(1 << 22)")
        }
    }

    /// What a learner is taught by.
    public enum Teaching: String, CaseIterable, Codable, Sendable {
        /// The overseer with the learner's own help.
        case amplification
        /// True answers for every k: the upper bound.
        case supervised
        /// True answers for k = 1 alone: no recursion.
        case facts
        /// The overseer with the help of the finished amplified learner.
        case distillation

        /// For people.
        public var title: String {
            switch self {
            case .amplification: "amplified"
            case .supervised: "taught the truth"
            case .facts: "taught k = 1 alone"
            case .distillation: "distilled from the amplified one"
            }
        }
    }

    /// What was measured of the learners of one seed, as shares of right answers.
    public struct Outcome: Sendable, Codable, Equatable {
        /// For k = 1, 2, …, 63, over all permutations and elements.
        public var accuracy: CaseValues<Teaching, [Double]>
        /// Answers of the overseer for k = 63, with one learner's help.
        public var overseer: CaseValues<Teaching, Double>
        /// Answers for k = 63 of the overseer that splits down to k = 1 and asks the learner of facts each time.
        public var unrolled: Double
        /// The amplified learner for k = 1 and for larger k, on permutations that it never saw.
        public var newPermutations: [Double]
        /// Steps after which larger k were asked.
        public var raisedAt: [Int]
    }

    /// Trains and measures every learner.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let tables = Task.cycles(permutations, key: key["permutations"])
        var (learners, raisedAt): ([HookedTransformer], [Int]) = ([], [])
        for teaching in Teaching.allCases {
            let taught = try teach(teaching, tables, helper: learners.first, key: key, in: session)
            learners.append(taught.learner)
            if teaching == .amplification { raisedAt = taught.raisedAt }
        }
        func learner(_ teaching: Teaching) -> HookedTransformer {
            learners[Teaching.allCases.firstIndex(of: teaching) ?? 0]
        }
        let last = Self.asked(tables, powers: [Task.powers - 1])
        let others = Task.cycles(min(5040, 2 * permutations + 8), key: key["others"])
            .filter { !tables.contains($0) }.prefix(permutations)
        let new = Self.accuracies(learner(.amplification), Array(others))
        return Outcome(
            accuracy: CaseValues { Self.accuracies(learner($0), tables) },
            overseer: CaseValues { Self.share(last, Self.overseen(learner($0), last)) },
            unrolled: Self.share(last, Self.unrolled(learner(.facts), last)),
            newPermutations: new.isEmpty ? [.nan, .nan] : [new[0], Statistics.mean(Array(new.dropFirst()))],
            raisedAt: raisedAt)
    }

    /// Trains one learner; every learner begins with the same weights.
    func teach(
        _ teaching: Teaching, _ tables: [[Int]], helper: HookedTransformer?, key: RandomKey, in session: FitSession
    ) throws -> (learner: HookedTransformer, raisedAt: [Int]) {
        let new = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: Task.vocabulary,
                context: Task.elements + 2 * max(questions, Task.elements)),
            key: key["model"], initialization: .scaled(), isTied: false, name: "learner")
        var learner = Learner(new, Adam(learningRate: learningRate), clipNorm: 1, label: teaching.title)
        var (teacher, raisedAt, recent) = (new, [Int](), [[Tally]]())
        let steps = teaching == .amplification ? steps : comparisonSteps
        let schedule = LearningRateSchedule.cosine(warmup: min(50, steps / 10), total: steps, floor: 0.05)
        for step in 0..<steps {
            try session.reporter.checkpoint()
            let bound = teaching == .facts ? 2 : teaching == .amplification ? 2 << raisedAt.count : Task.powers
            let asked = drawn(tables, below: bound, key: key["questions"][step])
            let answers =
                switch teaching {
                case .amplification: Self.overseen(teacher, asked)
                case .supervised, .facts: asked.map(\.answers)
                case .distillation: Self.overseen(helper ?? teacher, asked)
                }
            learner.optimizer.learningRate = learningRate * schedule.multiplier(step)
            var said: [[Int]] = []
            let loss = try learner.descend { network in
                let logits = network.logits(Task.batch(asked))
                said = Self.read(logits, asked)
                return logits.crossEntropy(Task.targets(answers))
            }
            teacher.average(with: learner.network, decay: min(decay, Double(1 + step) / Double(10 + step)))
            session.reporter.progress(teaching.title, step + 1, of: steps, values: [("loss", loss)])
            guard teaching == .amplification else { continue }
            recent = recent.suffix(Self.window - 1) + [Self.tallies(said, answers, asked)]
            let least = Self.leastAgreement(recent, levels: raisedAt.count + 1)
            if step % 10 == 9 { session.reporter.point("agreement", x: Double(step + 1), y: least) }
            if bound < Task.powers, recent.count == Self.window, least > agreement {
                raisedAt.append(step + 1)
                recent = []
            }
        }
        try session.keep(teacher, as: teaching.title)
        return (teacher, raisedAt)
    }

    /// Questions of a training step, k from 1 to below a bound: one half uniform over k, the other over levels of k, so
    /// that what larger answers are made of is not forgotten.
    private func drawn(_ tables: [[Int]], below bound: Int, key: RandomKey) -> [Task.Questions] {
        var random = key.generator()
        return (0..<batch).map { _ in
            let table = tables[random.index(below: tables.count)]
            var (powers, elements): ([Int], [Int]) = ([], [])
            for _ in 0..<questions {
                let level = random.index(below: Task.level(of: bound - 1) + 1)
                powers.append(
                    random.uniform() < 0.5
                        ? 1 + random.index(below: bound - 1) : 1 << level + random.index(below: 1 << level))
                elements.append(random.index(below: Task.elements))
            }
            return Task.Questions(table: table, powers: powers, elements: elements)
        }
    }

    /// The most probable elements.
    ///
    /// - Shapes: result `[B][Q]`.
    static func answers(_ learner: HookedTransformer, _ asked: [Task.Questions]) -> [[Int]] {
        read(learner.logits(Task.batch(asked)), asked)
    }

    private static func read(_ logits: Tensor, _ asked: [Task.Questions]) -> [[Int]] {
        let said = logits.detached().columns(0..<Task.elements).argmaxOfRows()
        var start = 0
        return asked.map { asked in
            let places = asked.powers.indices.map { start + Task.elements + 2 * $0 + 1 }
            start += Task.elements + 2 * asked.powers.count
            return places.map { said[$0] }
        }
    }

    /// The overseer's answers with a learner's help: facts are looked up, other questions split once.
    ///
    /// - Shapes: result `[B][Q]`.
    static func overseen(_ learner: HookedTransformer, _ asked: [Task.Questions]) -> [[Int]] {
        guard asked.contains(where: { $0.powers.contains { $0 > 1 } }) else { return asked.map(\.answers) }
        func halves(_ asked: Task.Questions, _ elements: [Int], _ half: (Int) -> Int) -> Task.Questions {
            Task.Questions(table: asked.table, powers: asked.powers.map { max(1, half($0)) }, elements: elements)
        }
        let first = answers(learner, asked.map { halves($0, $0.elements) { Task.halves($0).first } })
        let second = answers(learner, zip(asked, first).map { halves($0, $1) { Task.halves($0).second } })
        return zip(asked, second).map { asked, said in
            asked.powers.indices.map { place in
                asked.powers[place] > 1 ? said[place] : asked.table[asked.elements[place]]
            }
        }
    }

    /// The overseer's answers where it splits until k is 1 and asks the learner for each step.
    static func unrolled(_ learner: HookedTransformer, _ asked: [Task.Questions]) -> [[Int]] {
        var elements = asked.map(\.elements)
        for step in 0..<(asked.flatMap(\.powers).max() ?? 0) {
            let ones = zip(asked, elements).map { asked, elements in
                Task.Questions(
                    table: asked.table, powers: [Int](repeating: 1, count: elements.count), elements: elements)
            }
            for (row, said) in answers(learner, ones).enumerated() {
                for place in said.indices where step < asked[row].powers[place] {
                    elements[row][place] = said[place]
                }
            }
        }
        return elements
    }

    /// Steps over which agreement is counted.
    private static let window = 20

    /// Equal answers of all.
    private struct Tally {
        var same = 0
        var count = 0
    }

    /// Equal answers by the level of k: 1, 2 to 3, 4 to 7, and so on.
    private static func tallies(_ said: [[Int]], _ answers: [[Int]], _ asked: [Task.Questions]) -> [Tally] {
        var tallies = [Tally](repeating: Tally(), count: Task.levels)
        for row in asked.indices {
            for (place, k) in asked[row].powers.enumerated() {
                let level = Task.level(of: k)
                tallies[level].count += 1
                if said[row][place] == answers[row][place] { tallies[level].same += 1 }
            }
        }
        return tallies
    }

    /// The share of equal answers on the level where it is least.
    private static func leastAgreement(_ recent: [[Tally]], levels: Int) -> Double {
        let shares = (0..<levels).map { level in
            Double(recent.reduce(0) { $0 + $1[level].same }) / Double(max(1, recent.reduce(0) { $0 + $1[level].count }))
        }
        return shares.min() ?? 0
    }

    /// Every element of every permutation, for some k: a text for each.
    static func asked(_ tables: [[Int]], powers: [Int]) -> [Task.Questions] {
        tables.flatMap { table in
            powers.map { k in
                Task.Questions(
                    table: table, powers: [Int](repeating: k, count: Task.elements),
                    elements: Array(0..<Task.elements))
            }
        }
    }

    private static func share(_ asked: [Task.Questions], _ said: [[Int]]) -> Double {
        let right = zip(asked, said).map { asked, said in zip(asked.answers, said).count { $0 == $1 } }
        return Double(right.reduce(0, +)) / Double(max(1, asked.reduce(0) { $0 + $1.powers.count }))
    }

    /// The shares of right answers for k = 1, 2, …, 63; none without permutations.
    static func accuracies(_ learner: HookedTransformer, _ tables: [[Int]]) -> [Double] {
        guard !tables.isEmpty else { return [] }
        return (1..<Task.powers).map { k in
            let asked = asked(tables, powers: [k])
            return share(asked, answers(learner, asked))
        }
    }
}
