public import PlumbTensor

/// Teams that learn how safe to be: from a random start each moves towards its best response to what the others do now.
public struct RaceLearning: Sendable {
    /// The race.
    public let race: SafetyRace
    /// Steps of learning.
    public var steps = 150
    /// How far a step moves towards the best response.
    public var rate = 0.1
    /// Capabilities, or leads, for which a safety is learned.
    public var cells = 100
    /// Safeties that are tried: multiples of 1 / (levels - 1).
    public var levels = 401

    /// Learning in a race.
    public init(_ race: SafetyRace) { self.race = race }

    /// What was learned: a safety for each capability or lead.
    public struct Strategy: Sendable, Codable, Equatable {
        /// Capabilities or leads, rising; a single 0 where nothing is known.
        public let known: [Double]
        /// The safety at each.
        public let safety: [Double]

        /// The safety between the learned values, by straight lines.
        public func callAsFunction(_ value: Double) -> Double {
            guard let first = known.first, let last = known.last, known.count > 1, value > first else {
                return safety.first ?? 0
            }
            guard value < last else { return safety.last ?? 0 }
            let place = (value - first) / (last - first) * Double(known.count - 1)
            let index = min(Int(place), known.count - 2)
            return safety[index] + (place - Double(index)) * (safety[index + 1] - safety[index])
        }
    }

    private var choices: [Double] { (0..<levels).map { Double($0) / Double(levels - 1) } }

    /// Learns from a random start.
    ///
    /// Teams that know their own capability start bold, with a safety in proportion to it and at most 1/4: from careful
    /// starts learning is a slow undercutting. Where everything is known both leader and second start fully safe.
    public func learned(_ information: SafetyRace.Information, key: RandomKey) -> Strategy {
        var random = key.generator()
        switch information {
        case .none: return Strategy(known: [0], safety: [blind(from: random.uniform())])
        case .own:
            let capabilities = (0..<cells).map { (Double($0) + 0.5) / Double(cells) * race.range }
            let boldness = random.uniform() / 4
            var safety = capabilities.map { boldness * $0 / race.range }
            for _ in 0..<steps {
                let rivals = RivalField(zip(capabilities, safety).map { ($0 - $1, $1) }, rivals: race.teams - 1)
                for (index, capability) in capabilities.enumerated() {
                    let best = best {
                        $0 * rivals.beaten(capability - $0) + (1 - race.enmity) * rivals.safety(capability - $0)
                    }
                    safety[index] += rate * (best - safety[index])
                }
            }
            return Strategy(known: capabilities, safety: safety)
        case .all:
            let leads = (0..<cells).map { Double($0) / Double(cells - 1) * race.range }
            return Strategy(known: leads, safety: leads.map(leader))
        }
    }

    private func best(_ utility: (Double) -> Double) -> Double {
        var (found, most) = (0.0, -Double.infinity)
        for choice in choices {
            let value = utility(choice)
            if value > most { (found, most) = (choice, value) }
        }
        return found
    }

    private func blind(from start: Double) -> Double {
        var safety = start
        // Best responses hardly differ from what they respond to here: more steps, each cheap.
        for _ in 0..<4 * steps {
            let now = safety
            let best = best { choice in
                let wins = blindWin(slower: choice - now)
                return wins * choice + (1 - wins) * (1 - race.enmity) * now
            }
            safety += rate * (best - safety)
        }
        return safety
    }

    /// The chance to win of a team whose safety exceeds the others' by `difference`.
    private func blindWin(slower difference: Double) -> Double {
        func power(_ base: Double) -> Double { (0..<race.teams).reduce(1) { product, _ in product * base } }
        let (part, n) = (min(1, abs(difference) / race.range), Double(race.teams))
        return difference >= 0 ? power(1 - part) / n : (1 - power(part)) / n + part
    }

    /// What the leader settles on when it and the second reply to each other in turn, the most careful reply first.
    private func leader(lead: Double) -> Double {
        let choices = choices
        var second = 1.0
        while true {
            let mine = choices.last { $0 <= second + lead + 1e-12 } ?? 0
            // The second overtakes where its own safe win is worth more to it than the leader's; otherwise it stays.
            guard let overtaking = choices.last(where: { $0 < mine - lead - 1e-12 }),
                overtaking > (1 - race.enmity) * mine + 1e-12
            else { return mine }
            second = overtaking
        }
    }

    /// The share of races played by a strategy that end in a disaster, as the mean of 1 - s of the winner.
    public func playedRisk(
        _ strategy: Strategy, _ information: SafetyRace.Information, races: Int, key: RandomKey
    ) -> Double {
        var random = key.generator()
        var sum = 0.0
        for _ in 0..<races {
            let capabilities = (0..<race.teams).map { _ in random.uniform() * race.range }
            switch information {
            case .none: sum += 1 - strategy(0)
            case .own:
                let safeties = capabilities.map { strategy($0) }
                let winner = capabilities.indices.max {
                    capabilities[$0] - safeties[$0] < capabilities[$1] - safeties[$1]
                }
                sum += 1 - safeties[winner ?? 0]
            case .all:
                let sorted = capabilities.sorted(by: >)
                sum += 1 - strategy(sorted[0] - sorted[1])
            }
        }
        return sum / Double(races)
    }
}

/// The best of several rivals, as a team sees it that knows how they choose but not who they are.
private struct RivalField {
    private let speeds: [Double], chances: [Double], safeties: [Double]

    /// - Parameters:
    ///   - field: speed c - s and safety s, equally probable, two or more.
    ///   - rivals: how many are drawn.
    init(_ field: [(speed: Double, safety: Double)], rivals: Int) {
        let sorted = field.sorted { $0.speed < $1.speed }
        func power(_ base: Double) -> Double { (0..<rivals).reduce(1) { product, _ in product * base } }
        let (count, last) = (Double(sorted.count), sorted.count - 1)
        let own = sorted.map(\.speed)
        // Half a step beyond the slowest and the fastest.
        speeds = [own[0] - (own[1] - own[0]) / 2] + own + [own[last] + (own[last] - own[last - 1]) / 2]
        // At a rival's own speed half of those like it are slower.
        chances = [0] + sorted.indices.map { power((Double($0) + 0.5) / count) } + [1]
        var sum = 0.0
        var safer = [0.0]
        for index in sorted.indices.reversed() {
            let weight = sorted[index].safety * (power(Double(index + 1) / count) - power(Double(index) / count))
            safer.append(sum + weight / 2)
            sum += weight
        }
        safeties = [sum] + safer.reversed()
    }

    /// The chance that all are slower than `speed`.
    func beaten(_ speed: Double) -> Double { between(speed, chances) }
    /// The safety of the fastest, where it is faster than `speed`, times the chance of that.
    func safety(_ speed: Double) -> Double { between(speed, safeties) }

    private func between(_ speed: Double, _ values: [Double]) -> Double {
        if speed <= speeds[0] { return values[0] }
        if speed >= speeds[speeds.count - 1] { return values[speeds.count - 1] }
        var (low, high) = (0, speeds.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if speeds[middle] <= speed { low = middle } else { high = middle }
        }
        let width = speeds[high] - speeds[low]
        let part = width > 0 ? (speed - speeds[low]) / width : 0
        return values[low] + part * (values[high] - values[low])
    }
}
