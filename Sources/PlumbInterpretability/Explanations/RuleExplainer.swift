internal import PlumbBasics
internal import PlumbTensor

/// Explains a unit by rules that are searched for greedily: no language model is needed, and the rules can be read.
///
/// Each step adds the rule that raises the explained variance of the records' activations most, among single
/// predicates, pairs of them, and one without another. The number of predicates grows with the words of the records.
/// The search fails where what a unit responds to is not in the language of ``TokenRule``, such as the meaning of words
/// it has not seen.
public struct RuleExplainer: Explainer {
    /// The most rules of an explanation.
    public var terms: Int
    /// The least part of the variance that a further rule must explain.
    public var leastGain: Double
    /// How many tokens a rule must hold for.
    public var leastTokens: Int
    /// How many of the best single predicates are tried in pairs with all others.
    public var paired: Int

    /// A search with these limits.
    public init(terms: Int = 4, leastGain: Double = 0.01, leastTokens: Int = 3, paired: Int = 8) {
        (self.terms, self.leastGain, self.leastTokens, self.paired) = (terms, leastGain, leastTokens, paired)
    }

    /// "rule search".
    public var name: String { "rule search" }

    /// Rules for the unit of the records; none where no rule explains enough.
    public func explain(_ records: [ActivationRecord]) -> Explanation { .rules(list(records)) }

    /// The rules of the explanation.
    func list(_ records: [ActivationRecord]) -> RuleList {
        var search = RuleSearch(RulePredicates(records.map(\.tokens)), values: records.flatMap(\.activations))
        return search.list(self)
    }

    /// Rules for units on the same texts, whose predicates are computed once.
    ///
    /// - Precondition: the records of all units have the same tokens.
    public func explain(_ units: [[ActivationRecord]]) -> [Explanation] {
        guard let first = units.first else { return [] }
        let texts = first.map(\.tokens)
        require(
            units.allSatisfy { $0.map(\.tokens) == texts },
            "rules are searched for several units on the same texts only")
        let predicates = RulePredicates(texts)
        return units.map { records in
            var search = RuleSearch(predicates, values: records.flatMap(\.activations))
            return .rules(search.list(self))
        }
    }
}

/// The predicates that a search tries on some texts, with the places where each holds.
struct RulePredicates: Sendable {
    let rules: [TokenRule]
    /// Places of all texts one after another.
    let places: [[Int]]

    init(_ texts: [[String]]) {
        var (rules, places): ([TokenRule], [[Int]]) = ([], [])
        for rule in Self.candidates(texts) {
            let found = texts.flatMap(rule.matches)
            let held = found.indices.filter { found[$0] }
            if !held.isEmpty {
                rules.append(rule)
                places.append(held)
            }
        }
        (self.rules, self.places) = (rules, places)
    }

    /// General predicates first, so that they win where a narrower one does no better.
    private static func candidates(_ texts: [[String]]) -> [TokenRule] {
        let classes: [TokenRule] = [.digits, .capital, .punctuation]
        let general = classes + [.repeated, .insideParentheses, .insideQuotes, .place(1), .place(2), .place(3)]
        var counts: [String: Int] = [:]
        for token in texts.joined() { counts[TokenRule.plain(token).lowercased(), default: 0] += 1 }
        let words = counts.keys.filter { !$0.isEmpty && (counts[$0] ?? 0) > 1 }.sorted()
        var (suffixes, prefixes): ([String: Int], [String: Int]) = ([:], [:])
        for word in counts.keys where word.allSatisfy(\.isLetter) {
            for length in 2...3 where word.count > length + 1 {
                suffixes[String(word.suffix(length)), default: 0] += 1
                prefixes[String(word.prefix(length)), default: 0] += 1
            }
        }
        // What one word alone begins or ends with says no more than the word.
        let several = { (parts: [String: Int]) in parts.keys.filter { (parts[$0] ?? 0) > 1 }.sorted() }
        let single = words.map(TokenRule.word)
        return general + classes.map(TokenRule.after) + several(suffixes).map(TokenRule.suffix)
            + several(prefixes).map(TokenRule.prefix) + single + single.map(TokenRule.after)
    }
}

/// The state of one search: which tokens no rule has decided yet.
private struct RuleSearch {
    let predicates: RulePredicates
    let values: [Double]
    private var isFree: [Bool]
    private var free: Double, sum: Double
    private let variation: Double

    init(_ predicates: RulePredicates, values: [Double]) {
        (self.predicates, self.values) = (predicates, values)
        isFree = [Bool](repeating: true, count: values.count)
        (free, sum) = (Double(values.count), values.reduce(0, +))
        variation = Statistics.centered(values).values.reduce(0) { $0 + $1 * $1 }
    }

    /// Tokens that a rule would decide: how many, and the sum of their activations.
    private struct Part {
        var count = 0.0, sum = 0.0
        mutating func add(_ value: Double) {
            count += 1
            sum += value
        }
    }

    private struct Found {
        var gain = 0.0
        var rule: TokenRule?
    }

    mutating func list(_ limits: RuleExplainer) -> RuleList {
        var terms: [RuleList.Term] = []
        guard variation > 0 else { return RuleList([], rest: values.first ?? 0) }
        while terms.count < limits.terms, let rule = best(limits) { terms.append(take(rule)) }
        return RuleList(terms, rest: free > 0 ? sum / free : 0)
    }

    /// How much of the variation is explained when the part is told from the rest; 0 where its activations are lower.
    private func gain(_ part: Part, _ least: Int) -> Double {
        let (others, rest) = (free - part.count, sum - part.sum)
        guard part.count >= Double(least), others > 0, part.sum / part.count > rest / others else { return 0 }
        return part.sum * part.sum / part.count + rest * rest / others - sum * sum / free
    }

    private func best(_ limits: RuleExplainer) -> TokenRule? {
        let parts = predicates.places.map { places in
            var part = Part()
            for place in places where isFree[place] { part.add(values[place]) }
            return part
        }
        let gains = parts.map { gain($0, limits.leastTokens) }
        let order = gains.indices.sorted { gains[$0] == gains[$1] ? $0 < $1 : gains[$0] > gains[$1] }
        guard let first = order.first else { return nil }
        let least = limits.leastGain * variation
        let single = Found(gain: gains[first], rule: predicates.rules[first])
        // A pair must be clearly better than one predicate.
        let pair = bestPair(Array(order.prefix(limits.paired)), parts, limits)
        let found = pair.gain > max(single.gain * 1.05, single.gain + least) ? pair : single
        return found.gain > 0 && found.gain >= least ? found.rule : nil
    }

    private func bestPair(_ leading: [Int], _ parts: [Part], _ limits: RuleExplainer) -> Found {
        var (best, isIn) = (Found(), [Bool](repeating: false, count: values.count))
        for one in leading {
            for place in predicates.places[one] { isIn[place] = isFree[place] }
            for other in predicates.rules.indices where other != one {
                var both = Part()
                for place in predicates.places[other] where isIn[place] { both.add(values[place]) }
                guard both.count > 0 else { continue }
                let without = Part(count: parts[one].count - both.count, sum: parts[one].sum - both.sum)
                let (with, less) = (gain(both, limits.leastTokens), gain(without, limits.leastTokens))
                let (rule, second) = (predicates.rules[one], predicates.rules[other])
                if with > best.gain { best = Found(gain: with, rule: .both(rule, second)) }
                if less > best.gain { best = Found(gain: less, rule: .both(rule, .not(second))) }
            }
            for place in predicates.places[one] { isIn[place] = false }
        }
        return best
    }

    /// Lets the rule decide its tokens.
    private mutating func take(_ rule: TokenRule) -> RuleList.Term {
        var part = Part()
        for place in places(of: rule) where isFree[place] {
            part.add(values[place])
            isFree[place] = false
        }
        (free, sum) = (free - part.count, sum - part.sum)
        return RuleList.Term(rule, part.sum / part.count)
    }

    private func places(of rule: TokenRule) -> [Int] {
        func single(_ rule: TokenRule) -> [Int] {
            predicates.rules.firstIndex(of: rule).map { predicates.places[$0] } ?? []
        }
        switch rule {
        case .both(let one, .not(let other)): return Set(single(one)).subtracting(single(other)).sorted()
        case .both(let one, let other): return Set(single(one)).intersection(single(other)).sorted()
        default: return single(rule)
        }
    }
}
