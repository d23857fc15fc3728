internal import PlumbBasics

// Should someone who teaches by example do what is best in itself, or what teaches best?
//
// In cooperative inverse reinforcement learning (Hadfield-Menell, Dragan, Abbeel, Russell 2016, arXiv:1606.03137) a human
// knows the reward, a robot does not, and both earn the same reward. In the smallest such game the human makes a few
// office supplies, the robot sees which, and makes many. A human who simply does what is best says less than one who
// chooses with the robot's conclusion in mind, so learning from an expert's demonstrations leaves value on the table.

/// The office supplies game: a paper clip is worth θ and a staple 1 - θ, with θ uniform in 0...1.
public struct SupplyGame: Sendable, Equatable {
    /// What somebody makes.
    public struct Supplies: Sendable, Hashable, Codable {
        /// How many paper clips; each is worth θ.
        public var clips: Double
        /// How many staples; each is worth 1 - θ.
        public var staples: Double

        /// A number of clips and a number of staples.
        public init(_ clips: Double, _ staples: Double) { (self.clips, self.staples) = (clips, staples) }

        /// What they are worth.
        public func worth(_ theta: Double) -> Double { theta * clips + (1 - theta) * staples }

        /// What both make together.
        public static func + (a: Supplies, b: Supplies) -> Supplies {
            Supplies(a.clips + b.clips, a.staples + b.staples)
        }
    }

    /// What the human can make, knowing θ.
    public var human: [Supplies]
    /// What the robot can make then, having seen what the human made.
    public var robot: [Supplies]

    /// The paper's game unless said otherwise.
    public init(
        human: [Supplies] = [Supplies(2, 0), Supplies(1, 1), Supplies(0, 2)],
        robot: [Supplies] = [Supplies(90, 0), Supplies(50, 50), Supplies(0, 90)]
    ) {
        require(!human.isEmpty && !robot.isEmpty, "both players need something to make")
        (self.human, self.robot) = (human, robot)
    }

    /// Values of θ for which one of several options is chosen.
    public struct Part: Sendable, Equatable {
        /// The values of θ, within 0...1; neighboring parts share their border.
        public var range: ClosedRange<Double>
        /// Counted from 0.
        public var option: Int

        var length: Double { range.upperBound - range.lowerBound }
        var middle: Double { (range.lowerBound + range.upperBound) / 2 }
    }

    /// What both players do.
    public struct Plan: Sendable, Equatable {
        /// Where the human makes what, in rising order of θ; the parts cover 0...1.
        public var choices: [Part]
        /// What the robot makes after each of the human's options.
        public var answers: [Int]

        /// What the human makes.
        public func choice(_ theta: Double) -> Int {
            (choices.first { theta <= $0.range.upperBound } ?? choices.last)?.option ?? 0
        }
    }

    // MARK: Exact values

    /// The largest of lines over 0...1, part by part: which line it is where.
    private func envelope(_ lines: [Supplies]) -> [Part] {
        var borders: Set<Double> = [0, 1]
        for (index, a) in lines.enumerated() {
            for b in lines[(index + 1)...] {
                // θ a₁ + (1 - θ) a₂ = θ b₁ + (1 - θ) b₂
                let slope = (a.clips - a.staples) - (b.clips - b.staples)
                let theta = (b.staples - a.staples) / slope
                if slope != 0, theta > 0, theta < 1 { borders.insert(theta) }
            }
        }
        let sorted = borders.sorted()
        var parts: [Part] = []
        for (lower, upper) in zip(sorted, sorted.dropFirst()) {
            let middle = (lower + upper) / 2
            let best = lines.indices.max { (lines[$0].worth(middle), -$0) < (lines[$1].worth(middle), -$1) } ?? 0
            if let last = parts.last, last.option == best {
                parts[parts.count - 1].range = last.range.lowerBound...upper
            } else {
                parts.append(Part(range: lower...upper, option: best))
            }
        }
        return parts
    }

    /// The expected reward of a plan: what each part of θ earns is linear in θ, so its middle times its length.
    public func value(of plan: Plan) -> Double {
        plan.choices.reduce(0) { sum, part in
            sum + part.length * (human[part.option] + robot[plan.answers[part.option]]).worth(part.middle)
        }
    }

    /// The human's best response to a robot whose answers it knows.
    public func response(to answers: [Int]) -> Plan {
        require(answers.count == human.count, "the robot needs an answer to each of \(human.count) options")
        return Plan(choices: envelope(zip(human, answers).map { $0 + robot[$1] }), answers: answers)
    }

    /// The robot's best response to a human whose choices it knows: the best for the mean of θ where the human makes this;
    /// for the mean of all θ where the human never does.
    public func answers(to choices: [Part]) -> [Int] {
        human.indices.map { option in
            let parts = choices.filter { $0.option == option }
            let length = parts.reduce(0) { $0 + $1.length }
            let mean = length > 0 ? parts.reduce(0) { $0 + $1.length * $1.middle } / length : 0.5
            return robot.indices.max { (robot[$0].worth(mean), -$0) < (robot[$1].worth(mean), -$1) } ?? 0
        }
    }

    /// Demonstration by an expert: the human makes what is best in itself, and the robot infers what it can from that.
    public var demonstration: Plan {
        let choices = envelope(human)
        return Plan(choices: choices, answers: answers(to: choices))
    }

    /// The best that both can do together: over everything the robot could answer, the human's best response.
    ///
    /// - Complexity: as many envelopes as there are maps from the human's options to the robot's.
    public var bestPair: Plan {
        var (best, most) = (demonstration, -Double.infinity)
        let count = human.reduce(1) { product, _ in product * robot.count }
        for index in 0..<count {
            var (rest, answers): (Int, [Int]) = (index, [])
            for _ in human {
                answers.append(rest % robot.count)
                rest /= robot.count
            }
            let plan = response(to: answers)
            let value = value(of: plan)
            if value > most { (best, most) = (plan, value) }
        }
        return best
    }

    /// What both earn if the robot knows θ too: each then does what is best by itself.
    public var informedValue: Double {
        func most(_ options: [Supplies]) -> Double {
            envelope(options).reduce(0) { $0 + $1.length * options[$1.option].worth($1.middle) }
        }
        return most(human) + most(robot)
    }
}
