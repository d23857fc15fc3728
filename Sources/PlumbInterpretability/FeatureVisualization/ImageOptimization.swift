internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Images that a network's units respond to, by gradient ascent on the input: feature visualization (Olah, Mordvintsev,
/// Schubert 2017, *Feature Visualization*, Distill, doi:10.23915/distill.00007; first by Erhan, Bengio, Courville, Vincent
/// 2009, *Visualizing Higher-Layer Features of a Deep Network*).
///
/// Each step changes every image by a random transformation, runs the network, and moves the images' parameters along the
/// gradient by Adam. What the result shows is what drives the unit, also where no photograph would; beside it belong
/// examples of the data set, since an image that drives a unit need not be what it detects.
public struct ImageOptimization: SettingGroup {
    @Setting("Steps in which an image is optimized.", 1...100_000) public var imageSteps = 80
    @Setting("Learning rate of an image's parameters, by Adam, at first; it falls to 0.", 1e-6...10)
    public var imageRate = 0.1
    /// Changes of the image between steps.
    public var transformations = ImageTransformations()

    /// Settings for small images.
    public init() {}

    /// Optimized images.
    ///
    /// Image i starts from `key["start"][i]` and is transformed by `key["transform"][step][i]`: where an objective has no
    /// term that joins images, an image does not depend on what is optimized beside it.
    ///
    /// - Parameters:
    ///   - network: reads images `[B, H, W, C]`.
    ///   - objective: what is raised.
    ///   - count: B, how many images.
    ///   - parametrization: how parameters become images; of the network's size.
    ///   - key: of starts and transformations.
    ///   - checkpoint: called before every step; may throw to stop.
    /// - Shapes: result `[B, H, W, C]`, from 0 to 1.
    /// - Throws: ``ModelError`` where the objective does not fit the network or is not a number; what `checkpoint` throws.
    public func images(
        for objective: VisualizationObjective, of network: NetworkGraph, count: Int,
        as parametrization: ImageParametrization, key: RandomKey, checkpoint: () throws -> Void = {}
    ) throws -> Tensor {
        try images(of: network, count: count, as: parametrization, key: key, checkpoint: checkpoint) { _ in objective }
    }

    /// Images that are optimized for an objective that changes on the way.
    ///
    /// - Parameters:
    ///   - network: reads images `[B, H, W, C]`.
    ///   - count: B, how many images.
    ///   - parametrization: how parameters become images; of the network's size.
    ///   - key: of starts and transformations, as where the objective stays.
    ///   - checkpoint: called before every step; may throw to stop.
    ///   - objective: what is raised once a share of the steps is done, from 0 at first to nearly 1.
    /// - Shapes: result `[B, H, W, C]`, from 0 to 1.
    /// - Throws: ``ModelError`` where an objective does not fit the network or is not a number; what `checkpoint` throws.
    public func images(
        of network: NetworkGraph, count: Int, as parametrization: ImageParametrization, key: RandomKey,
        checkpoint: () throws -> Void = {}, raising objective: (Double) -> VisualizationObjective
    ) throws -> Tensor {
        let (height, width) = (parametrization.height, parametrization.width)
        guard network.inputShape == [height, width, parametrization.channels] else {
            throw ModelError(
                "the network reads \(network.inputShape), not images of \(height) × \(width) × "
                    + "\(parametrization.channels)")
        }
        require(count > 0, "at least one image can be optimized, not \(count)")
        var parameters = parametrization.start(count, key: key["start"])
        var optimizer = Adam(learningRate: imageRate)
        for step in 0..<imageSteps {
            try checkpoint()
            let objective = objective(Double(step) / Double(imageSteps))
            try objective.check(in: network, images: count)
            let points = objective.points
            let maps = (0..<count).map {
                transformations.draw(height: height, width: width, key: key["transform"][step][$0])
            }
            let (value, gradient) = valueWithGradient(at: parameters) { parameters in
                let images = parametrization.images(parameters)
                let cache = network.run(images.resampled(by: maps), recording: .points(points)).cache
                return -objective.value(images, cache)
            }
            guard value.item.isFinite else {
                throw ModelError("what images are optimized for is not a number at step \(step): \(value.item)")
            }
            // Adam moves parameters by the rate however small their gradient is: what does not matter settles at last.
            optimizer.learningRate = imageRate * (1 - Double(step) / Double(imageSteps))
            optimizer.update(&parameters, along: gradient)
        }
        return parametrization.images(parameters)
    }
}
