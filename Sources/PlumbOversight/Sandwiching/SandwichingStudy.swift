internal import PlumbBasics
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// A non-expert overseer answers questions together with an assistant that is unreliable in other places, and evaluates
/// answers too long to check with the help of models that learned one level below.
///
/// Sandwiching: overseer and assistant are networks that learned addition of digits incompletely. The overseer weighs
/// the assistant's confidence in each step against its own, and does better than both, since they err in different
/// places.
///
/// Recursive reward modeling: the question of depth d is the sum modulo m of 2^d residues. A human can check a single
/// sum of two residues, with errors. Answers of depth 1 are evaluated by the human alone, and an agent learns from
/// those that are approved; answers of depth d are evaluated by asking the agent of depth d - 1 for both halves and
/// checking one sum. How it fails: an agent that learned nothing leaves the human with guesses.
///
/// Sources: Bowman et al. 2022, *Measuring Progress on Scalable Oversight for Large Language Models*, arXiv:2211.03540;
/// Leike et al. 2018, *Scalable agent alignment via reward modeling: a research direction*, arXiv:1811.07871.
public struct SandwichingStudy: SettingGroup {
    @Setting("Sums of two digits, one after another, that a question takes.", 1...64) public var sums = 4
    @Setting("Training steps of the overseer.", 1...1_000_000) public var overseerSteps = 70
    @Setting("Training steps of the assistant.", 1...1_000_000) public var assistantSteps = 80
    @Setting("Neurons in the hidden layers.", 1...4096) public var hidden = 64
    @Setting("Examples in a training step.", 2...65_536) public var batch = 128
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.01
    @Setting("Questions in a measurement.", 10...1_000_000) public var questions = 4000
    @Setting("m: recursive reward modeling adds residues modulo m.", 2...10) public var modulus = 5
    @Setting("The greatest depth at which answers are evaluated; agents learn one level below.", 2...3)
    public var depth = 3
    @Setting("The probability that the human misjudges a sum of two residues.", 0...0.5) public var humanError = 0.05
    @Setting("Training steps of an agent that learns from approved answers.", 1...1_000_000)
    public var agentSteps = 1500
    @Setting("Proposed answers in such a step.", 2...65_536) public var proposals = 512

    /// A study with the reference settings.
    public init() {}

    /// Who helps.
    public enum Assistance: String, CaseIterable, Codable, Sendable {
        /// The assistant that learned, or the agent that learned one level below.
        case learned
        /// The same answers, given to other questions.
        case noise
        /// Nobody.
        case none

        /// For people.
        public var title: String {
            switch self {
            case .learned: "with the assistant"
            case .noise: "with noise"
            case .none: "unassisted"
            }
        }
    }

    /// What one seed gave.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The share of questions that the overseer answers correctly.
        public let answered: CaseValues<Assistance, Double>
        /// The share that the assistant answers correctly by itself.
        public let assistant: Double
        /// The accuracy of the evaluation of answers, half of them right, for depths from 1.
        public let evaluated: CaseValues<Assistance, [Double]>
        /// The share of questions that the agents which learned at depths from 1 answer correctly.
        public let agents: [Double]
    }

    /// Trains and measures.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let overseer = try arithmetic(steps: overseerSteps, key: key["overseer"], label: "overseer", in: session)
        let assistant = try arithmetic(steps: assistantSteps, key: key["assistant"], label: "assistant", in: session)
        var random = key["noise"].generator()
        let noise = assistant.shuffled(using: &random)
        let agents = try agents(key: key["agents"], in: session)
        return Outcome(
            answered: CaseValues { assistance in
                switch assistance {
                case .learned: answered(Self.together(overseer, assistant), key: key["questions"])
                case .noise: answered(Self.together(overseer, noise), key: key["questions"])
                case .none: answered(overseer, key: key["questions"])
                }
            }, assistant: answered(assistant, key: key["questions"]),
            evaluated: CaseValues { assistance in
                (1...depth).map { level in
                    evaluated(level, assistance, agents, key: key["evaluation"][assistance.rawValue][level])
                }
            },
            agents: agents.enumerated().map { level, agent in
                var random = key["agents' questions"][level].generator()
                let right = (0..<questions).count { _ in
                    let residues = someResidues(level + 1, using: &random)
                    return agent.answer(residues) == residues.reduce(0, +) % modulus
                }
                return Double(right) / Double(questions)
            })
    }

    // MARK: Sandwiching

    /// The log-probabilities of results of 100 sums of two digits.
    private func arithmetic(steps: Int, key: RandomKey, label: String, in session: FitSession) throws -> [[Double]] {
        try TokenNetwork([10, 10], hidden: hidden, outputs: 10, key: key["weights"]).trained(
            steps: steps, learningRate: learningRate, label: label, in: session
        ) { step in
            var random = key["data"][step].generator()
            let rows = (0..<batch).map { _ in [random.index(below: 10), random.index(below: 10)] }
            return (rows, rows.map { ($0[0] + $0[1]) % 10 })
        }.logProbabilities((0..<100).map { [$0 / 10, $0 % 10] })
    }

    /// The sums of log-probabilities: what both together hold for probable.
    static func together(_ one: [[Double]], _ other: [[Double]]) -> [[Double]] {
        zip(one, other).map { zip($0, $1).map { $0 + $1 } }
    }

    /// The share of questions for which every sum is answered correctly by the most probable result.
    private func answered(_ table: [[Double]], key: RandomKey) -> Double {
        let isRight = table.enumerated().map { pair, row in
            row.indices.max { row[$0] < row[$1] } == (pair / 10 + pair % 10) % 10
        }
        var random = key.generator()
        let right = (0..<questions).count { _ in
            var (digit, isAnswered) = (random.index(below: 10), true)
            for _ in 0..<sums {
                let other = random.index(below: 10)
                isAnswered = isAnswered && isRight[digit * 10 + other]
                digit = (digit + other) % 10
            }
            return isAnswered
        }
        return Double(right) / Double(questions)
    }

    // MARK: Recursive reward modeling

    /// What an agent answers to every question of its depth.
    struct Agent: Sendable {
        let modulus: Int
        let answers: [Int]

        func answer(_ residues: some Collection<Int>) -> Int { answers[residues.reduce(0) { $0 * modulus + $1 }] }
    }

    private func someResidues(_ level: Int, using random: inout RandomKey.Generator) -> [Int] {
        (0..<1 << level).map { _ in random.index(below: modulus) }
    }

    /// Agents of the depths from 1 to one below the greatest, each learning from answers approved with the help of the
    /// one before.
    private func agents(key: RandomKey, in session: FitSession) throws -> [Agent] {
        var agents: [Agent] = []
        for level in 1..<depth {
            let (key, helper) = (key[level], agents.last)
            let count = 1 << level
            let network = try TokenNetwork(
                [Int](repeating: modulus, count: count), hidden: hidden, outputs: modulus, key: key["weights"]
            ).trained(
                steps: agentSteps, learningRate: learningRate, label: "agent of depth \(level)", in: session
            ) { step in
                var random = key["data"][step].generator()
                let rows = (0..<proposals).map { _ in someResidues(level, using: &random) }
                // Answers are proposed by chance; the agent learns those that are approved, and nothing of the others.
                let targets = rows.map { row -> Int in
                    let proposed = random.index(below: modulus)
                    return approves(proposed, to: row, helper.map { $0.answer }, using: &random) ? proposed : -1
                }
                return (rows, targets)
            }
            let questions = (0..<Self.power(modulus, count)).map { question in
                (0..<count).reversed().map { question / Self.power(modulus, $0) % modulus }
            }
            agents.append(Agent(modulus: modulus, answers: network.logits(questions).argmaxOfRows()))
        }
        return agents
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { power, _ in power * base }
    }

    /// Whether the human approves an answer: it checks the sum of the halves' values, which a helper says, and errs at
    /// times.
    private func approves(
        _ answer: Int, to residues: [Int], _ helper: (([Int]) -> Int)?, using random: inout RandomKey.Generator
    ) -> Bool {
        let middle = residues.count / 2
        let halves = [Array(residues[..<middle]), Array(residues[middle...])].map { half -> Int in
            if half.count == 1 { return half[0] }
            return helper?(half) ?? random.index(below: modulus)
        }
        let isRight = (halves[0] + halves[1]) % modulus == answer
        return isRight != (random.uniform() < humanError)
    }

    /// The accuracy of the evaluation, mean of right and wrong answers.
    private func evaluated(_ level: Int, _ assistance: Assistance, _ agents: [Agent], key: RandomKey) -> Double {
        var random = key.generator()
        let agent = level > 1 ? agents[level - 2] : nil
        let right = (0..<questions).count { index in
            let residues = someResidues(level, using: &random)
            let isTrue = index.isMultiple(of: 2)
            let answer =
                (residues.reduce(0, +) + (isTrue ? 0 : 1 + random.index(below: modulus - 1))) % modulus
            var noise = key["noise"][index].generator()
            var helper: (([Int]) -> Int)?
            if let agent, assistance == .learned { helper = { agent.answer($0) } }
            if let agent, assistance == .noise {
                // The answers to other questions: as sure, and saying nothing.
                helper = { _ in agent.answer(someResidues(level - 1, using: &noise)) }
            }
            return approves(answer, to: residues, helper, using: &random) == isTrue
        }
        return Double(right) / Double(questions)
    }
}
