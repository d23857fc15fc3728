extension Distribution {
    /// The distribution that `text` names, for example `normal90(-2,2)`.
    ///
    /// - Parameter name: what it is the distribution of, for the error's sentence.
    /// - Throws: ``GovernanceError`` saying what was found and what is accepted, also for one that cannot be sampled.
    public init(_ text: String, of name: String) throws {
        do {
            self = try Self.parsed(text)
            try check()
        } catch let error as GovernanceError {
            throw GovernanceError("\(name) \"\(text)\" cannot be sampled: \(error.description)")
        }
    }

    private static func parsed(_ text: String) throws -> Distribution {
        let terms = text.split(separator: "+", omittingEmptySubsequences: false)
        // A sign, as in 1e+3 or in normal(+1,2), is no sum: a sum has a factor in each of its terms.
        guard terms.count > 1, terms.allSatisfy({ $0.contains("*") }) else { return try single(text) }
        return .mixture(
            try terms.map { term in
                let factors = term.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
                return Part(weight: try number(String(factors[0])), try single(String(factors[1])))
            })
    }

    private static func single(_ text: String) throws -> Distribution {
        let plain = text.filter { !$0.isWhitespace }
        guard let open = plain.firstIndex(of: "("), plain.hasSuffix(")") else { return .constant(try number(plain)) }
        let name = plain[..<open]
        let numbers = try plain[plain.index(after: open)...].dropLast()
            .split(separator: ",", omittingEmptySubsequences: false).map { try number(String($0)) }
        guard numbers.count == 2 else {
            throw GovernanceError("a distribution has two numbers in its parentheses, found \(numbers.count)")
        }
        let (first, second) = (numbers[0], numbers[1])
        switch name {
        case "uniform": return .uniform(first, second)
        case "normal": return .normal(mean: first, deviation: second)
        case "normal90": return .normal90(first, second)
        case "lognormal": return .lognormal(logMean: first, logDeviation: second)
        case "lognormal90": return .lognormal90(first, second)
        default:
            throw GovernanceError(
                "the distributions are uniform(low,high), normal(mean,deviation), normal90(low,high), "
                    + "lognormal(mean,deviation) and lognormal90(low,high)")
        }
    }

    private static func number(_ text: String) throws -> Double {
        guard let value = Double(text.filter { !$0.isWhitespace }) else {
            throw GovernanceError("\"\(text)\" is no number")
        }
        return value
    }
}
