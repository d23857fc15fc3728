internal import PlumbBasics
public import PlumbTensor

// The same game on a grid of θ, and by playing it: two ways to check the exact values.

extension SupplyGame {
    /// What alternating best responses come to.
    public struct Search: Sendable, Codable, Equatable {
        /// What both earn while the human makes what is best in itself.
        public var demonstration: Double
        /// What they earn once neither changes any more.
        public var value: Double
        /// How often both responded.
        public var rounds: Int
    }

    /// Alternating best responses, on a grid of `cells` values of θ, beginning with a human that makes what is best in itself:
    /// what the players could find without a closed form. No response lowers the reward that they share.
    ///
    /// - Parameters:
    ///   - cells: how many values of θ: the middles of as many equal parts of 0...1.
    ///   - robotKnows: whether the robot knows θ, and so has nothing to infer.
    public func search(cells: Int, robotKnows: Bool = false) -> Search {
        require(cells > 0, "a grid of θ needs cells, got \(cells)")
        let thetas = (0..<cells).map { (Double($0) + 0.5) / Double(cells) }
        /// What the robot makes after each option, at each θ.
        func answers(_ choices: [Int]) -> [[Int]] {
            human.indices.map { option in
                guard !robotKnows else { return thetas.map { theta in best(robot.map { $0.worth(theta) }) } }
                let heard = thetas.indices.filter { choices[$0] == option }.map { thetas[$0] }
                let mean = heard.isEmpty ? 0.5 : heard.reduce(0, +) / Double(heard.count)
                return [Int](repeating: best(robot.map { $0.worth(mean) }), count: cells)
            }
        }
        func value(_ choices: [Int], _ answers: [[Int]]) -> Double {
            let sum = thetas.indices.reduce(0) { sum, cell in
                let option = choices[cell]
                return sum + (human[option] + robot[answers[option][cell]]).worth(thetas[cell])
            }
            return sum / Double(cells)
        }
        var choices = thetas.map { theta in best(human.map { $0.worth(theta) }) }
        var replies = answers(choices)
        var search = Search(demonstration: value(choices, replies), value: 0, rounds: 0)
        // Ends at the first round that changes nothing; equal values could go round in circles, never further than this.
        while search.rounds < 1000 {
            let next = thetas.indices.map { cell in
                best(human.indices.map { (human[$0] + robot[replies[$0][cell]]).worth(thetas[cell]) })
            }
            let heard = answers(next)
            search.rounds += 1
            if next == choices && heard == replies { break }
            (choices, replies) = (next, heard)
        }
        search.value = value(choices, replies)
        return search
    }

    private func best(_ values: [Double]) -> Int {
        values.indices.max { (values[$0], -$0) < (values[$1], -$1) } ?? 0
    }

    /// What both plans earned on the same draws of θ.
    public struct Played: Sendable, Codable, Equatable {
        /// The mean reward of the first plan, which both players share.
        public var first: Double
        /// The mean reward of the second plan.
        public var second: Double
        /// The standard error of the first mean.
        public var firstError: Double
        /// The standard error of the second mean.
        public var secondError: Double
        /// The standard error of the difference, game by game.
        public var differenceError: Double
    }

    /// Plays two plans with the same θ, `games` times.
    public func played(_ first: Plan, _ second: Plan, games: Int, key: RandomKey) -> Played {
        require(games > 1, "a standard error needs two games or more, got \(games)")
        var random = key.generator()
        var (firsts, seconds, differences) = (Moments(), Moments(), Moments())
        func earned(_ plan: Plan, _ theta: Double) -> Double {
            let option = plan.choice(theta)
            return (human[option] + robot[plan.answers[option]]).worth(theta)
        }
        for _ in 0..<games {
            let theta = random.uniform()
            let (a, b) = (earned(first, theta), earned(second, theta))
            firsts.add(a)
            seconds.add(b)
            differences.add(a - b)
        }
        return Played(
            first: firsts.mean, second: seconds.mean, firstError: firsts.standardError,
            secondError: seconds.standardError, differenceError: differences.standardError)
    }
}
