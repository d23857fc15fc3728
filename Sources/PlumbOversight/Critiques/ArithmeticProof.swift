internal import PlumbBasics
public import PlumbTensor

/// What the lines of a proof compute: a digit from two digits.
public struct DigitOperation: Sendable, Hashable {
    private let results: [Int]

    /// An operation of a formula whose last digit is the result.
    public init(_ formula: (_ one: Int, _ other: Int) -> Int) {
        results = (0..<100).map { abs(formula($0 / 10, $0 % 10)) % 10 }
    }

    /// The last digit of the sum.
    public static let addition = DigitOperation(+)
    /// The last digit of the product.
    public static let multiplication = DigitOperation(*)

    /// A random digit for each pair of digits.
    public static func random(key: RandomKey) -> DigitOperation {
        DigitOperation { one, other in
            var random = key[one * 10 + other].generator()
            return random.index(below: 10)
        }
    }

    /// The result for two digits.
    public func callAsFunction(_ one: Int, _ other: Int) -> Int { results[one * 10 + other] }
}

/// A line `one ∘ other = result`.
public struct ProofLine: Sendable, Hashable {
    /// The digit that the line before gave; the first line begins with any digit.
    public var one: Int
    /// The digit that the problem says.
    public var other: Int
    /// The digit written as the result.
    public var result: Int

    /// A line of three digits.
    public init(_ one: Int, _ other: Int, _ result: Int) {
        require(
            [one, other, result].allSatisfy { (0..<10).contains($0) },
            "a line of a proof has digits, got \(one), \(other) and \(result)")
        (self.one, self.other, self.result) = (one, other, result)
    }

    /// What a network reads.
    public var tokens: [Int] { [one, other, result] }
}

/// A proof of a running result, digit by digit; each line goes on from the result of the line before.
///
/// A flaw is a line whose result is wrong. The lines after it go on from the wrong digit, so that it shows nowhere else.
public struct ArithmeticProof: Sendable, Hashable {
    /// What the lines compute.
    public let operation: DigitOperation
    /// The lines.
    public let lines: [ProofLine]

    /// The proof that a writer gives.
    ///
    /// - Parameters:
    ///   - operation: what the lines compute.
    ///   - start: the digit that the first line begins with.
    ///   - digits: what each line adds.
    ///   - write: the result that is written for two digits, in the order of the lines.
    public init(
        _ operation: DigitOperation, start: Int, digits: [Int], write: (_ line: Int, _ one: Int, _ other: Int) -> Int
    ) {
        self.operation = operation
        var (lines, current) = ([ProofLine](), start)
        for (index, digit) in digits.enumerated() {
            let result = write(index, current, digit)
            lines.append(ProofLine(current, digit, result))
            current = result
        }
        self.lines = lines
    }

    /// Whether a line is wrong.
    public func isFlawed(_ line: Int) -> Bool { operation(lines[line].one, lines[line].other) != lines[line].result }

    /// The wrong lines.
    public var flaws: [Int] { lines.indices.filter(isFlawed) }

    /// A random proof with one wrong line, planted at random.
    public static func planted(
        _ operation: DigitOperation, lines: Int, using random: inout RandomKey.Generator
    ) -> ArithmeticProof {
        let digits = (0..<lines).map { _ in random.index(below: 10) }
        let (start, flaw, error) = (random.index(below: 10), random.index(below: lines), 1 + random.index(below: 9))
        return ArithmeticProof(operation, start: start, digits: digits) { line, one, other in
            (operation(one, other) + (line == flaw ? error : 0)) % 10
        }
    }
}

/// An overseer that can check a few lines of a proof, without error.
public enum LimitedOverseer {
    /// Whether one of the checked lines is wrong.
    public static func finds(_ proof: ArithmeticProof, checking lines: some Sequence<Int>) -> Bool {
        lines.contains(where: proof.isFlawed)
    }

    /// The probability that a single flaw is found by checking `budget` of `lines` lines at random, `min(1, b / L)`.
    public static func unaided(budget: Int, lines: Int) -> Double {
        require(budget >= 0 && lines > 0, "an overseer checks 0 or more of 1 or more lines")
        return min(1, Double(budget) / Double(lines))
    }
}
