internal import PlumbBasics
public import PlumbTensor

/// A claim about the sum of hidden numbers, cross-examined by bisection.
///
/// The proponent claims a sum. In each round it says what the two halves of the segment in question sum to, which must
/// add up to its claim about the segment, and someone chooses the half that is examined next. After the last round the
/// proponent states every number that is left, and the judge looks at one of them. The claim is accepted if that number
/// is as stated.
///
/// Where an honest opponent chooses, a false claim about a segment leaves a false claim about one of its halves, which
/// the opponent chooses; so the last number is misstated, and no true claim can lose. After log₂ n rounds one look
/// decides the sum of n numbers.
///
/// Source: Irving, Christiano, Amodei 2018, *AI safety via debate*, arXiv:1805.00899, and Barnes, Christiano 2020,
/// *Debate update: Obfuscated arguments problem*, for cross-examination; the game is the symbolic case.
public struct BisectionDebate: Sendable, Hashable {
    /// The hidden numbers; their count is a power of two.
    public let numbers: [Int]
    private let sums: [Int]

    /// A debate about the sum of `numbers`.
    public init(_ numbers: [Int]) {
        require(
            numbers.count.nonzeroBitCount == 1, "bisection needs a power of two of numbers, got \(numbers.count)")
        self.numbers = numbers
        sums = numbers.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }

    /// The sum of a segment.
    public func sum(_ segment: Range<Int>) -> Int { sums[segment.upperBound] - sums[segment.lowerBound] }

    /// The sum of all numbers.
    public var total: Int { sums[numbers.count] }

    /// Rounds until one number is left.
    public var fullRounds: Int { numbers.count.trailingZeroBitCount }

    /// Who chooses the half that is examined next.
    public enum Examiner: Sendable, Hashable {
        /// An opponent that knows the numbers and chooses a half with a false claim where there is one.
        case opponent
        /// A fair coin: one number is looked at, without cross-examination.
        case chance
        /// The proponent itself, which then shows what it likes: nobody examines it.
        case proponent
    }

    /// What a proponent does with the difference between its claim and the truth.
    public enum Lie: String, CaseIterable, Codable, Sendable {
        /// All of it goes into one half, chosen at random.
        case single
        /// Half of it goes into each half.
        case spread
        /// Random differences are added, also where the halves' claims then are farther from the truth than the claim.
        case random

        /// The part of `difference` that the left half gets.
        func left(_ difference: Int, using random: inout RandomKey.Generator) -> Int {
            switch self {
            case .single: random.uniform() < 0.5 ? difference : 0
            // Odd ones leave a rest to the right half.
            case .spread: difference / 2
            case .random: random.index(below: 4 * abs(difference) + 1) - 2 * abs(difference)
            }
        }
    }

    /// Whether the judge accepts a claim about the sum of all numbers. A true claim is made by a proponent that never
    /// lies.
    ///
    /// - Parameters:
    ///   - claim: the sum claimed.
    ///   - lie: how a false claim is divided.
    ///   - examiner: who chooses halves.
    ///   - rounds: rounds of bisection; more than ``fullRounds`` are not played.
    ///   - opponentError: the probability that an opponent chooses the other half.
    ///   - judgeError: the probability that the judge misreads the number it looks at.
    public func isAccepted(
        _ claim: Int, lie: Lie, examiner: Examiner, rounds: Int, opponentError: Double = 0, judgeError: Double = 0,
        using random: inout RandomKey.Generator
    ) -> Bool {
        var (segment, difference) = (numbers.indices, claim - total)
        func divide(using random: inout RandomKey.Generator) -> [(segment: Range<Int>, difference: Int)] {
            let middle = segment.lowerBound + segment.count / 2
            let left = difference == 0 ? 0 : lie.left(difference, using: &random)
            return [(segment.lowerBound..<middle, left), (middle..<segment.upperBound, difference - left)]
        }
        func choose(_ halves: [(segment: Range<Int>, difference: Int)], using random: inout RandomKey.Generator) {
            let either = random.index(below: 2)
            let isWrong = { (half: Int) in halves[half].difference != 0 }
            var half: Int
            switch examiner {
            case .chance: half = either
            case .proponent: half = isWrong(either) ? 1 - either : either
            case .opponent:
                half = isWrong(either) ? either : isWrong(1 - either) ? 1 - either : either
                if random.uniform() < opponentError { half = 1 - half }
            }
            (segment, difference) = halves[half]
        }
        for _ in 0..<min(rounds, fullRounds) { choose(divide(using: &random), using: &random) }
        // What is left is stated number by number and one is looked at: the lie goes on as before, and so does chance,
        // unless the proponent chooses.
        while segment.count > 1 {
            let halves = divide(using: &random)
            var half = random.index(below: 2)
            if examiner == .proponent, halves[half].difference != 0 { half = 1 - half }
            (segment, difference) = halves[half]
        }
        return (difference == 0) != (random.uniform() < judgeError)
    }

    /// The probability that the best proponent has a claim accepted, by exact search through all its divisions.
    ///
    /// - Parameters:
    ///   - claim: the sum claimed.
    ///   - examiner: who chooses halves; the opponent chooses the half that is worst for the proponent.
    ///   - reach: how far from the truth the claims about left halves may be.
    /// - Complexity: exponential in the rounds; for small games.
    public func acceptance(of claim: Int, examiner: Examiner, reach: Int) -> Double {
        acceptance(numbers.indices, claim - total, examiner, reach)
    }

    private func acceptance(_ segment: Range<Int>, _ difference: Int, _ examiner: Examiner, _ reach: Int) -> Double {
        guard segment.count > 1 else { return difference == 0 ? 1 : 0 }
        let middle = segment.lowerBound + segment.count / 2
        return (-reach...reach).map { left in
            let one = acceptance(segment.lowerBound..<middle, left, examiner, reach)
            let other = acceptance(middle..<segment.upperBound, difference - left, examiner, reach)
            return switch examiner {
            case .opponent: min(one, other)
            case .chance: (one + other) / 2
            case .proponent: max(one, other)
            }
        }.max() ?? 0
    }
}
