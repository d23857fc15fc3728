public import PlumbRecords
public import PlumbTensor

/// Two conditions compared maze by maze, with the same random numbers for the moves: in how many more mazes the agent
/// reaches the cheese under the second than under the first.
public struct SteeringComparison: Codable, Sendable, Equatable {
    /// The share of mazes in which it reaches the cheese under the second, less that under the first.
    public let difference: Double
    /// In how many mazes it reaches the cheese under the second condition only, under the first only, and how many there
    /// are.
    public let secondOnly, firstOnly, mazes: Int
    /// One-sided p of a paired permutation test: in each maze the two conditions may be exchanged.
    public let p: Double

    /// - Parameters:
    ///   - first: whether the cheese was reached in each maze under the first condition.
    ///   - second: the same under the second.
    ///   - key: of the permutations.
    public init(_ first: [Bool], _ second: [Bool], key: RandomKey) {
        self.init(
            secondOnly: zip(first, second).count { $1 && !$0 }, firstOnly: zip(first, second).count { $0 && !$1 },
            mazes: min(first.count, second.count), key: key)
    }

    /// The comparison of several networks together, each maze of each network being a pair.
    public init(pooling comparisons: [SteeringComparison], key: RandomKey) {
        self.init(
            secondOnly: comparisons.reduce(0) { $0 + $1.secondOnly },
            firstOnly: comparisons.reduce(0) { $0 + $1.firstOnly }, mazes: comparisons.reduce(0) { $0 + $1.mazes },
            key: key)
    }

    private init(secondOnly: Int, firstOnly: Int, mazes: Int, key: RandomKey) {
        (self.secondOnly, self.firstOnly, self.mazes) = (secondOnly, firstOnly, mazes)
        let signs = [Double](repeating: 1, count: secondOnly) + [Double](repeating: -1, count: firstOnly)
        let same = [Double](repeating: 0, count: mazes - secondOnly - firstOnly)
        let test = PermutationTest(paired: signs + same, alternative: .greater, key: key)
        (difference, p) = (test.difference, test.p)
    }
}

extension PolicySteeringStudy {
    /// Two conditions that are compared maze by maze; the first is expected to keep the agent from its cheese in more of
    /// them.
    public enum Comparison: String, CaseIterable, Codable, Sendable, CodingKeyRepresentable {
        /// The own vector against another maze's.
        case ownAgainstAnotherMaze = "from_another_maze"
        /// The own vector against a random one with the activations' covariance.
        case ownAgainstCovariance = "from_covariance_matched"
        /// The own vector against that of a maze with its cheese on the same cell.
        case ownAgainstSameCheese = "from_same_goal"
        /// The vector of a maze with its cheese on the same cell against another maze's.
        case sameCheeseAgainstAnotherMaze = "same_goal_from_another_maze"
        /// Two other mazes' vectors, which nothing tells apart.
        case otherMazes = "between_other_mazes"
        /// Two random vectors with the activations' covariance, which nothing tells apart.
        case covariances = "between_covariance_matched"

        /// ``SteeringComparison/difference``, one value a network.
        public var difference: Quantity { Quantity("difference_\(rawValue)", unit: "of the mazes") }
        /// ``SteeringComparison/p``, one value a network.
        public var p: Quantity { Quantity("p_\(rawValue)") }

        var conditions: (SteeringVector, SteeringVector) {
            switch self {
            case .ownAgainstAnotherMaze: (.own, .anotherMaze)
            case .ownAgainstCovariance: (.own, .covariance)
            case .ownAgainstSameCheese: (.own, .sameCheese)
            case .sameCheeseAgainstAnotherMaze: (.sameCheese, .anotherMaze)
            case .otherMazes: (.secondOtherMaze, .anotherMaze)
            case .covariances: (.secondCovariance, .covariance)
            }
        }
    }
}
