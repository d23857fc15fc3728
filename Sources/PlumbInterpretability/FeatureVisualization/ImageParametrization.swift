internal import PlumbBasics
public import PlumbTensor

/// How the numbers that an optimizer moves become images from 0 to 1.
///
/// `x = σ(B z Lᵀ)`: B maps parameters to pixels, L to colors, σ is the logistic function. The choice does not change which
/// images exist; it changes which are near in the optimizer's steps, and with it which image is found (Olah, Mordvintsev,
/// Schubert 2017, *Feature Visualization*, Distill, doi:10.23915/distill.00007).
public struct ImageParametrization: Sendable {
    /// What one parameter moves.
    public enum Space: Sendable, Hashable {
        /// One pixel.
        case pixels
        /// One plane wave, whose weight falls as the frequency to this power.
        case fourier(decayPower: Double)
        /// One plane wave of ``PlaneWaves`` of the image's size, in its order, times a weight of its own.
        case weighted([Float])
    }

    /// The rows of an image.
    public let height: Int
    /// The pixels of a row.
    public let width: Int
    /// The channels of a pixel.
    public var channels: Int { color.matrix.shape[0] }
    /// B, `[H · W, H · W]`; nil for pixels.
    private let basis: Tensor?
    private let color: ColorCorrelation
    /// The ball that images stay in; nil for none.
    private let ball: ImageBall?

    /// - Parameters:
    ///   - space: what one parameter moves.
    ///   - height: rows of an image.
    ///   - width: pixels of a row.
    ///   - color: from parameters to channels.
    ///   - ball: what images stay in; nil for all images from 0 to 1.
    public init(_ space: Space, height: Int, width: Int, color: ColorCorrelation, ball: ImageBall? = nil) {
        require(height > 0 && width > 0, "an image has rows and columns, got \(height) × \(width)")
        (self.height, self.width, self.color, self.ball) = (height, width, color, ball)
        switch space {
        case .pixels: basis = nil
        case .fourier(let power):
            let waves = PlaneWaves(height: height, width: width)
            basis = waves.scaledMatrix(waves.scales(power: power))
        case .weighted(let scales):
            require(
                scales.count == height * width,
                "images of \(height) × \(width) pixels have as many waves, got \(scales.count) weights")
            basis = PlaneWaves(height: height, width: width).scaledMatrix(scales)
        }
    }

    /// Parameters of images that are nearly gray, each drawn from a key of its own.
    ///
    /// - Parameters:
    ///   - count: B, how many images.
    ///   - deviation: of every parameter.
    ///   - key: of the draws; image i depends on `key[i]` alone.
    /// - Shapes: result `[H · W, B · C]`.
    public func start(_ count: Int, deviation: Double = 0.01, key: RandomKey) -> Tensor {
        let (pixels, channels) = (height * width, channels)
        var elements = [Float](repeating: 0, count: pixels * count * channels)
        for image in 0..<count {
            var random = key[image].generator()
            for pixel in 0..<pixels {
                for channel in 0..<channels {
                    elements[(pixel * count + image) * channels + channel] = Float(deviation * random.normal())
                }
            }
        }
        return Tensor(elements, shape: [pixels, count * channels])
    }

    /// The images of parameters, from 0 to 1.
    ///
    /// - Shapes: `parameters` `[H · W, B · C]`; result `[B, H, W, C]`.
    public func images(_ parameters: Tensor) -> Tensor {
        let (pixels, channels) = (height * width, channels)
        require(
            parameters.shape.count == 2 && parameters.shape[0] == pixels && parameters.shape[1] % channels == 0,
            "images of \(height) × \(width) pixels of \(channels) have parameters [\(pixels), B · \(channels)], got "
                + "\(parameters.shape)")
        let count = parameters.shape[1] / channels
        let values = basis.map { $0.matmul(parameters) } ?? parameters
        let byImage = values.reshaped([pixels, count, channels]).swappingLeadingAxes()
        let images = byImage.reshaped([count * pixels, channels]).matmul(transposed: color.matrix).sigmoid()
            .reshaped([count, height, width, channels])
        return ball.map { $0.limited(images) } ?? images
    }
}
