internal import PlumbBasics
public import PlumbTensor
public import PlumbWorlds

/// How an action follows from scores.
public enum ActionChoice: Sendable, Equatable {
    /// The best one, the first of equals.
    case greedy
    /// Drawn from the softmax of the scores.
    case sampled
    /// The best one, but with this probability any at all.
    case exploring(Double)
}

extension ActionNetwork {
    /// An action, by its number, for each row of `observations`. A plain forward pass: nothing is recorded.
    ///
    /// - Parameters:
    ///   - observations: what the agent sees, a row for each action.
    ///   - choice: how an action follows from scores.
    ///   - count: A, the number of actions.
    ///   - lanes: the lane of each row, whose chance is `key[lane]`: what happens in one does not depend on the others.
    ///   - key: of the draws; different steps need different keys.
    /// - Shapes: `observations` `[B, …]`; `lanes` and result B.
    public func actions(
        for observations: Tensor, _ choice: ActionChoice, of count: Int, lanes: [Int], key: RandomKey
    ) -> [Int] {
        switch choice {
        case .greedy: return checkedScores(observations, count).argmaxOfRows()
        case .sampled:
            let probabilities = checkedScores(observations, count).softmax().elements
            return lanes.enumerated().map { row, lane in
                var random = key[lane].generator()
                return drawn(probabilities[row * count..<(row + 1) * count], random.uniform())
            }
        case .exploring(let probability):
            var actions = lanes.map { lane -> Int? in
                var random = key[lane].generator()
                return random.uniform() < probability ? random.index(below: count) : nil
            }
            // Where every lane explores, nobody asks the network.
            if actions.contains(nil) {
                let best = checkedScores(observations, count).argmaxOfRows()
                for row in actions.indices where actions[row] == nil { actions[row] = best[row] }
            }
            return actions.compactMap { $0 }
        }
    }

    private func checkedScores(_ observations: Tensor, _ count: Int) -> Tensor {
        let scores = scores(observations)
        require(
            scores.shape == [observations.shape[0], count],
            "a network of \(count) actions must score \(observations.shape) as [\(observations.shape[0]), \(count)], "
                + "and gave \(scores.shape)")
        return scores
    }

    /// The network as a policy for `World.episode(key:limit:policy:)`.
    public func policy<W: NumericWorld>(
        in world: W, _ choice: ActionChoice = .greedy
    ) -> (W.Observation, inout RandomKey.Generator) throws -> W.Action {
        let actions = world.actions
        return { observation, random in
            let features = Tensor(try world.checkedFeatures(of: observation), shape: [1] + world.featureShape)
            let key = RandomKey(random.next())
            return actions[self.actions(for: features, choice, of: actions.count, lanes: [0], key: key)[0]]
        }
    }
}

/// The first position at which the sum of probabilities passes `u` of [0, 1): the last that is possible where rounding
/// leaves the sum below it.
private func drawn(_ probabilities: ArraySlice<Float>, _ u: Double) -> Int {
    var (sum, last) = (0.0, 0)
    for (action, probability) in probabilities.enumerated() where probability > 0 {
        sum += Double(probability)
        last = action
        if u < sum { return action }
    }
    return last
}
