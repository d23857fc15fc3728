public import PlumbBasics
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// How often a judge that looks at one number decides correctly about the sum of many.
///
/// Half of all claims are true. What is claimed: cross-examination makes one look enough, whatever the liar does. How
/// it fails: too few rounds, an opponent that errs, a judge that misreads.
public struct BisectionStudy: SettingGroup {
    @Setting("Hidden numbers; a power of two.", 2...4096) public var numbers = 64
    @Setting("Numbers are 0 up to one less than this.", 2...1000) public var values = 10
    @Setting("How far false claims are from the truth at most.", 1...1_000_000) public var largestLie = 64
    @Setting("Debates in each measurement, half of them about true claims.", 2...1_000_000) public var debates = 4000
    @Setting("Numbers in the games that are searched exactly; a power of two.", 2...8) public var exactNumbers = 8
    @Setting("Games that are searched exactly.", 1...1000) public var exactGames = 10
    @Setting("Probabilities of a misread number or of an opponent's wrong choice, the lowest first.", 0...1)
    public var errors = [0.0, 0.02, 0.05, 0.1, 0.2]
    @Setting("The probability of a misread number that the claim is about; one of --errors.", 0...1)
    public var judgeError = 0.1

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        for (option, count) in [("--numbers", numbers), ("--exact-numbers", exactNumbers)]
        where count.nonzeroBitCount != 1 {
            throw SettingsError("\(option) \(count) is no power of two: halves of halves must come out even")
        }
        guard errors.contains(judgeError), errors.count <= 32, zip(errors, errors.dropFirst()).allSatisfy(<) else {
            throw SettingsError(
                "--errors takes from 1 to 32 probabilities, the lowest first, and --judge-error \(judgeError) must be "
                    + "one of them")
        }
        guard numbers * debates <= 1 << 28 else {
            throw SettingsError("--numbers \(numbers) times --debates \(debates) may be at most \(1 << 28)")
        }
    }

    /// Rounds until one number is left.
    public var fullRounds: Int { numbers.trailingZeroBitCount }
    /// Where ``judgeError`` stands among ``errors``.
    public var errorPlace: Int { errors.firstIndex(of: judgeError) ?? 0 }

    /// What was measured: accuracies of the judge.
    public struct Outcome: Sendable, Codable, Equatable {
        /// With cross-examination by an honest opponent.
        public let examined: CaseValues<BisectionDebate.Lie, Double>
        /// Where one number is looked at by chance.
        public let byChance: CaseValues<BisectionDebate.Lie, Double>
        /// Where the proponent shows what it likes.
        public let unexamined: CaseValues<BisectionDebate.Lie, Double>
        /// After 0, 1, … rounds of cross-examination.
        public let byRounds: CaseValues<BisectionDebate.Lie, [Double]>
        /// Without any round, where the lie is as large as there are numbers and spread, so that every number is
        /// misstated.
        public let everywhere: Double
        /// Where the judge misreads numbers, for each error, with cross-examination.
        public let byJudgeError: [Double]
        /// The same for a judge that reads all numbers and adds them up.
        public let addingUp: [Double]
        /// Where the opponent errs, for each error.
        public let byOpponentError: [Double]
        /// In small games with the best proponent, by exact search: the share of true claims accepted.
        public let exactTrue: Double
        /// The share of false claims accepted there, with cross-examination.
        public let exactFalse: Double
        /// The same where the proponent shows what it likes.
        public let exactFalseUnexamined: Double
        /// The greatest difference there between the best lie's chance, where one number is looked at by chance, and 1
        /// - 1/n.
        public let exactChanceError: Double
    }

    /// Plays all debates.
    ///
    /// - Throws: `RunInterrupted` when the run is asked to stop.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        func accuracies(_ examiner: BisectionDebate.Examiner, _ name: String) -> CaseValues<BisectionDebate.Lie, Double>
        {
            CaseValues { accuracy(lie: $0, examiner: examiner, key: key[name][$0.rawValue]) }
        }
        try session.reporter.checkpoint()
        let exact = exactAcceptance(key: key["exact"])
        return Outcome(
            examined: accuracies(.opponent, "examined"), byChance: accuracies(.chance, "chance"),
            unexamined: accuracies(.proponent, "unexamined"),
            byRounds: CaseValues { lie in
                (0...fullRounds).map { rounds in
                    accuracy(lie: lie, rounds: rounds, key: key["rounds"][lie.rawValue][rounds])
                }
            },
            everywhere: accuracy(lie: .spread, rounds: 0, size: numbers, key: key["everywhere"]),
            byJudgeError: errors.enumerated().map { accuracy(judgeError: $1, key: key["judge"][$0]) },
            addingUp: errors.enumerated().map { accuracyAddingUp(judgeError: $1, key: key["sum"][$0]) },
            byOpponentError: errors.enumerated().map { accuracy(opponentError: $1, key: key["opponent"][$0]) },
            exactTrue: exact.isTrue, exactFalse: exact.isFalse, exactFalseUnexamined: exact.unexamined,
            exactChanceError: exact.chance)
    }

    /// One debate's numbers and claim; every other claim is false.
    private func debate(
        _ index: Int, size: Int?, using random: inout RandomKey.Generator
    ) -> (debate: BisectionDebate, claim: Int, isTrue: Bool) {
        let debate = BisectionDebate((0..<numbers).map { _ in random.index(below: values) })
        let size = size ?? 1 + random.index(below: largestLie)
        let difference = index.isMultiple(of: 2) ? 0 : random.uniform() < 0.5 ? size : -size
        return (debate, debate.total + difference, difference == 0)
    }

    private func share(
        size: Int? = nil, key: RandomKey, _ isRight: (BisectionDebate, Int, Bool, inout RandomKey.Generator) -> Bool
    ) -> Double {
        let right = (0..<debates).count { index in
            var random = key[index].generator()
            let (debate, claim, isTrue) = debate(index, size: size, using: &random)
            return isRight(debate, claim, isTrue, &random)
        }
        return Double(right) / Double(debates)
    }

    private func accuracy(
        lie: BisectionDebate.Lie = .single, examiner: BisectionDebate.Examiner = .opponent, rounds: Int? = nil,
        size: Int? = nil, opponentError: Double = 0, judgeError: Double = 0, key: RandomKey
    ) -> Double {
        share(size: size, key: key) { debate, claim, isTrue, random in
            debate.isAccepted(
                claim, lie: lie, examiner: examiner, rounds: rounds ?? fullRounds, opponentError: opponentError,
                judgeError: judgeError, using: &random) == isTrue
        }
    }

    /// A judge that reads every number, misreads some as another one, and accepts what it adds up to.
    private func accuracyAddingUp(judgeError: Double, key: RandomKey) -> Double {
        share(key: key) { debate, claim, isTrue, random in
            let read = debate.numbers.reduce(0) { sum, number in
                guard random.uniform() < judgeError else { return sum + number }
                return sum + (number + 1 + random.index(below: values - 1)) % values
            }
            return (read == claim) == isTrue
        }
    }

    /// Every claim from 0 to the largest sum, in random small games.
    private func exactAcceptance(
        key: RandomKey
    ) -> (isTrue: Double, isFalse: Double, unexamined: Double, chance: Double) {
        var random = key.generator()
        var (isTrue, isFalse, unexamined): ([Double], [Double], [Double]) = ([], [], [])
        var chance = 0.0
        for _ in 0..<exactGames {
            let game = BisectionDebate((0..<exactNumbers).map { _ in random.index(below: 3) })
            let largest = 2 * exactNumbers
            for claim in 0...largest {
                let accepted = game.acceptance(of: claim, examiner: .opponent, reach: 2)
                guard claim != game.total else {
                    isTrue.append(accepted)
                    continue
                }
                isFalse.append(accepted)
                unexamined.append(game.acceptance(of: claim, examiner: .proponent, reach: 2))
                let best = game.acceptance(of: claim, examiner: .chance, reach: 2)
                chance = max(chance, abs(best - (1 - 1 / Double(exactNumbers))))
            }
        }
        return (
            Statistics.mean(isTrue), Statistics.mean(isFalse), Statistics.mean(unexamined), chance
        )
    }
}
