internal import PlumbBasics
internal import PlumbLinearAlgebra
internal import PlumbModels
public import PlumbTensor

/// How the channels of a data set's pixels go together, and the colors whose parameters are independent.
///
/// In photographs red, green and blue rise and fall together, so an optimizer that moves them one by one finds colors that
/// no photograph has. Parameters of decorrelated colors are multiplied by the Cholesky factor of the covariance of the
/// channels, `Σ = L Lᵀ`, divided by the length of its longest column (Olah, Mordvintsev, Schubert 2017, *Feature
/// Visualization*, Distill, doi:10.23915/distill.00007).
public struct ColorCorrelation: Sendable {
    /// From independent parameters to the channels of a color, `[C, C]`.
    public let matrix: Tensor

    /// The correlation measured over every pixel of images.
    ///
    /// - Shapes: `images` `[N, H, W, C]`.
    /// - Throws: `ModelError` where a channel never changes or follows from the others.
    public init(of images: Tensor) throws {
        require(images.shape.count == 4 && images.count > 0, "colors are of images [N, H, W, C], got \(images.shape)")
        let channels = images.shape[3]
        let values = images.elements
        let pixels = values.count / channels
        var means = [Double](repeating: 0, count: channels)
        var squares = [Double](repeating: 0, count: channels * channels)
        for pixel in 0..<pixels {
            for first in 0..<channels {
                let value = Double(values[pixel * channels + first])
                means[first] += value
                for second in 0...first {
                    squares[first * channels + second] += value * Double(values[pixel * channels + second])
                }
            }
        }
        means = means.map { $0 / Double(pixels) }
        var covariance = DoubleMatrix(rows: channels, columns: channels)
        for first in 0..<channels {
            for second in 0...first {
                let value = squares[first * channels + second] / Double(pixels) - means[first] * means[second]
                (covariance[first, second], covariance[second, first]) = (value, value)
            }
        }
        try self.init(covariance: covariance)
    }

    /// The correlation of a covariance of channels, `[C, C]`.
    ///
    /// - Throws: `ModelError` where the covariance is not positive definite.
    init(covariance: DoubleMatrix) throws {
        let channels = covariance.rows
        guard let factor = try? covariance.choleskyFactor(), (0..<channels).allSatisfy({ factor[$0, $0] > 1e-9 })
        else {
            throw ModelError(
                "the colors of these images cannot be decorrelated: a channel never changes or follows from the "
                    + "others; use independent colors")
        }
        let longest = (0..<channels).map { column in
            (0..<channels).reduce(0) { $0 + factor[$1, column] * factor[$1, column] }.squareRoot()
        }.max()
        let size = longest ?? 1
        matrix = Tensor(factor.elements.map { Float($0 / size) }, shape: [channels, channels])
    }

    private init(matrix: Tensor) { self.matrix = matrix }

    /// Channels that are parameters themselves.
    public static func independent(channels: Int) -> ColorCorrelation {
        var elements = [Float](repeating: 0, count: channels * channels)
        for channel in 0..<channels { elements[channel * channels + channel] = 1 }
        return ColorCorrelation(matrix: Tensor(elements, shape: [channels, channels]))
    }
}
