internal import Foundation
public import PlumbTensor

/// Two parties that hold one argument with other credences: which premise they had best talk about.
public struct DoubleCrux: Sendable {
    /// One party's argument.
    public let one: Argument
    /// The other's.
    public let other: Argument

    /// A disagreement about the same premises.
    public init(_ one: Argument, _ other: Argument) { (self.one, self.other) = (one, other) }

    /// How far apart the parties are about a premise, in log odds, times how much it matters to their conclusions.
    public func weight(_ premise: Int) -> Double {
        let distance = abs(LogOdds.of(one.credences[premise]) - LogOdds.of(other.credences[premise]))
        return distance * (one.sensitivity(premise) + other.sensitivity(premise)) / 2
    }

    /// The premises in the order in which to talk about them.
    public var order: [Int] { one.credences.indices.sorted { weight($0) > weight($1) } }

    /// The distance of the conclusions, in log odds.
    public var gap: Double { abs(LogOdds.of(one.conclusion) - LogOdds.of(other.conclusion)) }

    /// What of the gap is left, in log odds, where one party takes over the other's credence in a premise: the mean over who
    /// does.
    public func gap(agreeingOn premise: Int) -> Double {
        var (first, second) = (one, other)
        first.credences[premise] = other.credences[premise]
        second.credences[premise] = one.credences[premise]
        return (DoubleCrux(first, other).gap + DoubleCrux(one, second).gap) / 2
    }

    /// The premise by whose agreement the gap closes most.
    public var best: Int { one.credences.indices.min { gap(agreeingOn: $0) < gap(agreeingOn: $1) } ?? 0 }
}

/// People of several camps, each with credences of their own around those of the camp.
public struct Respondents: Sendable {
    /// Each person's argument.
    public let arguments: [Argument]
    /// Each person's camp.
    public let camps: [Int]

    /// People around their camps' credences: the log odds of each credence are normal with a deviation of `spread`.
    public init(of camps: [Argument], count: Int, spread: Double, key: RandomKey) throws {
        var (arguments, labels) = ([Argument](), [Int]())
        for (index, camp) in camps.enumerated() {
            var random = key[index].generator()
            for _ in 0..<count {
                let credences = camp.credences.map { LogOdds.probability(LogOdds.of($0) + spread * random.normal()) }
                arguments.append(try Argument(credences, of: "a respondent"))
                labels.append(index)
            }
        }
        (self.arguments, self.camps) = (arguments, labels)
    }

    private init(_ arguments: [Argument], _ camps: [Int]) { (self.arguments, self.camps) = (arguments, camps) }

    /// The same people with the camps' names dealt to them at random.
    public func shuffled(key: RandomKey) -> Respondents {
        var random = key["camps"].generator()
        return Respondents(arguments, camps.shuffled(using: &random))
    }

    /// By how much the expected value of a number moves once a person's camp is known, `E|ΔE|`.
    public func valueOfCamp(_ number: (Argument) -> Double) -> Double {
        let values = arguments.map(number)
        let mean = Statistics.mean(values)
        return Set(camps).sorted().reduce(0) { sum, camp in
            let own = zip(values, camps).filter { $0.1 == camp }.map(\.0)
            return sum + abs(Statistics.mean(own) - mean) * Double(own.count) / Double(values.count)
        }
    }

    /// How often the first premise of the double-crux order, and how often a random one, is the premise by whose agreement
    /// the gap closes most, in random pairs of people of different camps; NaN where all are of one camp.
    public func orderIsBest(pairs: Int, key: RandomKey) -> (ordered: Double, random: Double) {
        guard Set(camps).count > 1, pairs > 0 else { return (.nan, .nan) }
        var random = key["pairs"].generator()
        var counts = (ordered: 0, random: 0, all: 0)
        while counts.all < pairs {
            let (one, other) = (random.index(below: arguments.count), random.index(below: arguments.count))
            guard camps[one] != camps[other] else { continue }
            let pair = DoubleCrux(arguments[one], arguments[other])
            counts.all += 1
            if pair.order.first == pair.best { counts.ordered += 1 }
            if random.index(below: pair.one.credences.count) == pair.best { counts.random += 1 }
        }
        return (Double(counts.ordered) / Double(pairs), Double(counts.random) / Double(pairs))
    }
}
