internal import PlumbBasics
public import PlumbTensor

/// The images that are no farther from one color than the farthest image of a data set is.
///
/// Inside it an optimized image has no more contrast than the data set, so that it cannot raise a unit by strength alone.
public struct ImageBall: Sendable {
    /// The color in the middle, `[C]`: the mean over all pixels of the data set.
    public let center: Tensor
    /// The greatest root mean square distance of an image's numbers from the center.
    public let radius: Float

    /// The smallest ball about the data set's mean color that holds its images.
    ///
    /// - Shapes: `images` `[N, H, W, C]`.
    public init(around images: Tensor) {
        require(images.shape.count == 4 && images.count > 0, "a ball holds images [N, H, W, C], got \(images.shape)")
        let channels = images.shape[3]
        center = images.reshaped([-1, channels]).mean(axis: 0)
        radius = Self.distances(images, center).elements.max() ?? 0
    }

    /// The root mean square distance of each image's numbers from a color, `[B, H, W, C] -> [B, 1]`.
    private static func distances(_ images: Tensor, _ center: Tensor) -> Tensor {
        let difference = (images - center).reshaped([images.shape[0], -1])
        return (difference.squared().mean(axis: 1, keepingAxis: true) + 1e-12).squareRoot()
    }

    /// Images outside moved straight towards the center, until they are at the edge; those inside as they are.
    ///
    /// - Shapes: `images` `[B, H, W, C]`; result the same.
    public func limited(_ images: Tensor) -> Tensor {
        let count = images.shape[0]
        let shares = Tensor.minimum(
            Self.distances(images, center).reciprocal() * radius, Tensor(repeating: 1, shape: [count, 1]))
        let difference = (images - center).reshaped([count, -1])
        return (difference * shares).reshaped(images.shape) + center
    }
}
