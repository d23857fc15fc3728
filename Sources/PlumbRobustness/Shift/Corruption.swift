internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Fifteen ways in which pictures come out worse than those that a classifier was trained on, each in five severities,
/// after CIFAR-10-C (Hendrycks, Dietterich 2019, arXiv:1903.12261) and MNIST-C (Mu, Gilmer 2019, arXiv:1906.02337).
///
/// Lengths are shares of a picture's side, so that a severity means the same for pictures of 8 × 8 and of 28 × 28
/// pixels.
public enum Corruption: String, Sendable, Codable, CaseIterable {
    /// Pixels changed one by one at random.
    case gaussianNoise, shotNoise, impulseNoise
    /// Pixels mixed with their neighbors.
    case gaussianBlur, motionBlur
    /// Other light, and fewer levels of it.
    case contrast, brightness, fog, quantization
    /// Pixels moved.
    case shear, scale, rotation, translation
    /// A part hidden or inverted.
    case occlusion, stripe

    /// The number of severities.
    public static let severities = 5

    /// The corruption in words.
    public var title: String {
        switch self {
        case .gaussianNoise: "Gaussian noise"
        case .shotNoise: "shot noise"
        case .impulseNoise: "impulse noise"
        case .gaussianBlur: "Gaussian blur"
        case .motionBlur: "motion blur"
        default: rawValue
        }
    }

    /// What is done at each severity: a deviation, a share of the side, a factor or an angle in degrees.
    public var amounts: [Double] {
        switch self {
        case .gaussianNoise: [0.08, 0.12, 0.18, 0.26, 0.38]
        case .shotNoise: [60, 25, 12, 5, 3]
        case .impulseNoise: [0.03, 0.06, 0.09, 0.17, 0.27]
        case .gaussianBlur: [0.04, 0.06, 0.08, 0.1, 0.12]
        case .motionBlur: [0.15, 0.22, 0.3, 0.38, 0.46]
        case .contrast: [0.75, 0.6, 0.45, 0.3, 0.2]
        case .brightness: [0.1, 0.2, 0.3, 0.4, 0.5]
        case .fog: [0.2, 0.3, 0.4, 0.5, 0.6]
        case .quantization: [6, 5, 4, 3, 2]
        case .shear: [0.1, 0.2, 0.3, 0.4, 0.5]
        case .scale: [0.9, 0.8, 0.7, 0.6, 0.5]
        case .rotation: [8, 16, 24, 32, 40]
        case .translation: [0.04, 0.07, 0.1, 0.13, 0.16]
        case .occlusion: [0.15, 0.22, 0.3, 0.38, 0.46]
        case .stripe: [0.06, 0.1, 0.14, 0.18, 0.22]
        }
    }

    /// The corruptions that change every pixel on its own, at random.
    public var isNoise: Bool { [.gaussianNoise, .shotNoise, .impulseNoise].contains(self) }

    /// Corrupted pictures, with pixels from 0 to 1.
    ///
    /// - Parameters:
    ///   - severity: from 1 to 5.
    ///   - key: of what is drawn; a picture's draws depend on its place alone.
    /// - Shapes: `images` and result `[N, H, W, C]`.
    public func applied(to images: Tensor, severity: Int, key: RandomKey) -> Tensor {
        require(
            images.shape.count == 4 && (1...Self.severities).contains(severity),
            "a corruption needs images [N, H, W, C] and a severity from 1 to 5, got \(images.shape) and \(severity)")
        let key = key[rawValue][severity]
        let (height, width, channels) = (images.shape[1], images.shape[2], images.shape[3])
        let size = height * width * channels
        let pixels = images.elements
        var result: [Float] = []
        result.reserveCapacity(pixels.count)
        for index in 0..<images.shape[0] {
            var picture = Picture(
                Array(pixels[index * size..<(index + 1) * size]), height: height, width: width, channels: channels)
            var random = key[index].generator()
            corrupt(&picture, amounts[severity - 1], &random)
            result += picture.pixels.map { min(max($0, 0), 1) }
        }
        return Tensor(result, shape: images.shape)
    }

    private func corrupt(_ picture: inout Picture, _ amount: Double, _ random: inout RandomKey.Generator) {
        switch self {
        case .gaussianNoise: picture.changeEach { $0 + Float(amount * random.normal()) }
        case .shotNoise: picture.changeEach { Float(Self.poisson(Double($0) * amount, &random) / amount) }
        case .impulseNoise:
            picture.changeEach { random.uniform() < amount ? (random.uniform() < 0.5 ? 0 : 1) : $0 }
        case .gaussianBlur: picture.blur(deviation: amount * Double(picture.width))
        case .motionBlur:
            let angle = random.uniform() * .pi
            picture.smear(length: amount * Double(picture.width), angle: angle)
        case .contrast:
            let mean = picture.pixels.reduce(0, +) / Float(picture.pixels.count)
            picture.changeEach { mean + Float(amount) * ($0 - mean) }
        case .brightness: picture.changeEach { $0 + Float(amount) }
        case .fog: picture.addFog(amount, &random)
        case .quantization:
            let steps = Float(amount) - 1
            picture.changeEach { ($0 * steps).rounded() / steps }
        case .shear, .scale, .rotation, .translation: picture.warp(inverse(amount, picture, &random))
        case .occlusion: picture.occlude(side: amount, &random)
        case .stripe: picture.invertStripe(width: amount, &random)
        }
    }

    /// The map from a place in the result to where its pixel comes from, around the center.
    private func inverse(
        _ amount: Double, _ picture: Picture, _ random: inout RandomKey.Generator
    ) -> Picture.Affine {
        let sign = random.uniform() < 0.5 ? -1.0 : 1
        switch self {
        case .shear: return Picture.Affine(a: 1, b: sign * amount, c: 0, d: 1)
        case .scale: return Picture.Affine(a: 1 / amount, b: 0, c: 0, d: 1 / amount)
        case .rotation:
            let angle = sign * amount * .pi / 180
            return Picture.Affine(a: cos(angle), b: sin(angle), c: -sin(angle), d: cos(angle))
        default:
            let angle = 2 * Double.pi * random.uniform()
            let length = amount * Double(picture.width)
            return Picture.Affine(a: 1, b: 0, c: 0, d: 1, x: length * cos(angle), y: length * sin(angle))
        }
    }

    /// A number of events whose mean is given (Knuth 1969, by products of uniform numbers).
    private static func poisson(_ mean: Double, _ random: inout RandomKey.Generator) -> Double {
        let limit = exp(-mean)
        var (count, product) = (0.0, random.uniform())
        while product > limit {
            count += 1
            product *= random.uniform()
        }
        return count
    }
}
