internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// A reward as a network of the features of a step: linear layers with an activation between them.
///
/// - Shapes: features [U, F], rewards [U].
public struct RewardNetwork: ParameterTree {
    /// From F features to one number.
    public var network: MLP

    /// A new network; Christiano et al. 2017 (arXiv:1706.03741) take two hidden layers of 64.
    public init(inputs: Int, hidden: [Int] = [64, 64], activation: Activation = .relu, key: RandomKey) {
        network = MLP([inputs] + hidden + [1], activation: activation, key: key)
    }

    /// A network that is given.
    init(_ network: MLP) { self.network = network }

    public mutating func visit(_ visitor: inout ParameterVisitor) { network.visit(&visitor) }

    /// The reward of each row.
    public func callAsFunction(_ features: Tensor) -> Tensor { network(features).reshaped([features.shape[0]]) }
}

/// Rewards learned from different parts of the same answers: where they differ, nobody knows.
///
/// - Shapes: K members; features [U, F].
public struct RewardEnsemble: ParameterTree {
    /// The networks, K or more than none; each gives rewards in a scale of its own.
    public var members: [RewardNetwork]

    /// An ensemble of networks that begin differently.
    public init(
        members: Int, inputs: Int, hidden: [Int] = [64, 64], activation: Activation = .relu, key: RandomKey
    ) {
        require(members > 0, "an ensemble needs at least one member, got \(members)")
        self.members = (0..<members).map {
            RewardNetwork(inputs: inputs, hidden: hidden, activation: activation, key: key[$0])
        }
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("members", &members) }

    /// What each member gives for each row, [K][U].
    public func rewards(of features: Tensor) -> [[Double]] {
        members.map { $0(features).elements.map(Double.init) }
    }

    /// The rewards of each row, [U], as ``normalizedMean(_:)`` of the members'.
    public func callAsFunction(_ features: Tensor) -> [Double] { Self.normalizedMean(rewards(of: features)) }

    /// The mean of the members' rewards, each first moved to mean 0 and scaled to standard deviation 1, so that none
    /// outweighs the others and the scale, which comparisons do not fix, is always the same (Christiano et al. 2017,
    /// arXiv:1706.03741, §2.2.3). A member whose rewards differ by no more than rounding counts as 0.
    ///
    /// - Parameter rewards: [K][U].
    public static func normalizedMean(_ rewards: [[Double]]) -> [Double] {
        guard let count = rewards.first?.count else { return [] }
        var sum = [Double](repeating: 0, count: count)
        for row in rewards {
            require(row.count == count, "members must give rewards of the same steps")
            let (centered, deviation) = Statistics.centered(row)
            guard deviation > 0 else { continue }
            for index in row.indices { sum[index] += centered[index] / deviation }
        }
        return sum.map { $0 / Double(rewards.count) }
    }
}

extension RewardEnsemble: SavableModel {
    /// The function between the layers of every member.
    public var traits: [String: String] { ["activation": members[0].network.activation.rawValue] }

    /// The ensemble that the file holds.
    ///
    /// - Throws: `ModelError` where layers do not fit together or members do not read the same features.
    public init(_ file: ModelFile) throws {
        var members = [RewardNetwork(try file.perceptron("members.0."))]
        while file.contains("members.\(members.count).layers.0.weight") {
            members.append(RewardNetwork(try file.perceptron("members.\(members.count).")))
        }
        let layers = members.map(\.network.layers)
        guard Set(layers.map { $0[0].weight.inputs }).count == 1,
            layers.allSatisfy({ $0[$0.count - 1].weight.outputs == 1 })
        else {
            throw ModelError("the networks of a reward must read the same features and give one number each")
        }
        self.members = members
    }
}
