public import PlumbTensor
public import PlumbWorlds

/// An episode that an agent lived through, in numbers.
public struct AgentEpisode: Sendable, Hashable, Codable {
    /// The steps that had been made in all lanes together when it ended.
    public var step: Int
    /// Its own steps.
    public var length: Int
    /// The sum of rewards, not discounted.
    public var totalReward: Double
    /// The sum of the hidden performance.
    public var totalPerformance: Double
    /// Whether it was cut off rather than over.
    public var isCut: Bool

    /// An episode that ended at `step`.
    public init(step: Int, length: Int, totalReward: Double, totalPerformance: Double, isCut: Bool) {
        (self.step, self.length, self.isCut) = (step, length, isCut)
        (self.totalReward, self.totalPerformance) = (totalReward, totalPerformance)
    }
}

extension NumericWorld {
    /// Episodes that `network` acts in, side by side, without learning.
    ///
    /// - Parameters:
    ///   - key: of all chance, the world's and the network's. Episode i does not depend on how many there are.
    ///   - limit: steps after which an episode is cut off, in place of the world's own.
    /// - Throws: ``WorldError`` for a reward that is no number, an observation of another shape, or an episode that does
    ///   not end.
    public func episodes(
        _ count: Int, of network: some ActionNetwork, _ choice: ActionChoice = .greedy, key: RandomKey,
        limit: Int? = nil
    ) throws -> [AgentEpisode] {
        guard count > 0 else { return [] }
        var collector = try Collector(self, lanes: count, key: key["world"], limit: limit)
        let number = actions.count
        _ = try collector.collect(.episodes) { observations, lanes, tick, _ in
            network.actions(
                for: observations, choice, of: number, lanes: lanes, key: key["policy"][tick])
        }
        var byLane = [AgentEpisode?](repeating: nil, count: count)
        for (lane, episode) in collector.finished { byLane[lane] = episode }
        return byLane.compactMap { $0 }
    }
}
