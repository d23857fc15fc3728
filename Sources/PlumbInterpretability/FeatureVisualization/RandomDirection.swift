internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// Random directions among the channels of an activation: what images for its units are compared with.
enum RandomDirection {
    /// A direction of length 1 at the unit's activation, all directions alike.
    ///
    /// - Throws: ``ModelError`` where the network lacks the activation.
    static func drawn(beside unit: VisualizedUnit, of network: NetworkGraph, key: RandomKey) throws -> VisualizedUnit {
        guard let channels = network.shape(at: unit.point)?.last else {
            throw ModelError("the network has no \(unit.point), a direction of which should be visualized")
        }
        let vector = Tensor.normal([channels], key: key)
        return VisualizedUnit(.direction((vector / Float(vector.norm())).elements), at: unit.point)
    }

    /// Directions, each changed so that over a data set it is uncorrelated with the unit in the same place.
    ///
    /// - Throws: ``ModelError`` for a unit that the network lacks.
    static func uncorrelated(
        _ directions: [VisualizedUnit], with units: [VisualizedUnit], over images: Tensor, by network: NetworkGraph
    ) throws -> [VisualizedUnit] {
        let found = try DataSetExamples(of: directions + units, in: images, by: network).activations
        return directions.indices.map { index in
            guard case .direction(let vector) = directions[index].part, case .channel(let channel) = units[index].part
            else { unmet("directions are compared with channels") }
            let changed = uncorrelated(
                vector, with: channel, own: found[index], other: found[directions.count + index])
            return VisualizedUnit(.direction(changed), at: directions[index].point)
        }
    }

    /// A direction that differs from another along one channel alone, and whose activation is uncorrelated with that
    /// channel's over a data set: `v - e cov(v, e) / var(e)`.
    ///
    /// A direction drawn at random has a part of about `1 / √C` along each of C channels, and channels go together. An
    /// image made for it raises a channel by what the direction asks of that channel itself, so it is no control. Ascent
    /// in decorrelated space moves along the data's covariance: to first order an uncorrelated direction leaves a linear
    /// channel where it is.
    ///
    /// - Parameters:
    ///   - vector: the direction, `[C]`.
    ///   - channel: the channel.
    ///   - own: the direction's activation by each image of the data set.
    ///   - other: the channel's.
    static func uncorrelated(_ vector: [Float], with channel: Int, own: [Float], other: [Float]) -> [Float] {
        require(
            own.count == other.count && vector.indices.contains(channel),
            "a direction [\(vector.count)] with \(own.count) activations does not fit channel \(channel) with "
                + "\(other.count)")
        let (mean, otherMean) = (Statistics.mean(own.map(Double.init)), Statistics.mean(other.map(Double.init)))
        var (covariance, variance) = (0.0, 0.0)
        for (a, b) in zip(own, other) {
            covariance += (Double(a) - mean) * (Double(b) - otherMean)
            variance += (Double(b) - otherMean) * (Double(b) - otherMean)
        }
        var changed = vector
        // A channel that never changes is uncorrelated with everything.
        if variance > 0 { changed[channel] -= Float(covariance / variance) }
        return changed
    }
}
