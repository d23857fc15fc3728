internal import Foundation
internal import PlumbBasics
public import PlumbRecords
public import PlumbTensor

/// Random small changes of an image between the steps of its optimization, so that what is found does not depend on exact
/// pixels: expectation over transformations (Mordvintsev, Olah, Tyka 2015, *Inceptionism*; Athalye, Engstrom, Ilyas, Kwok
/// 2017, arXiv:1707.07397).
///
/// Padding, jitter, rotation, scaling and cropping are one affine map of places, and the image is resampled once.
public struct ImageTransformations: SettingGroup {
    @Setting("Pixels by which an image is moved at most, along each axis.", 0...64) public var jitter = 2.0
    @Setting("Degrees by which an image is turned at most.", 0...180) public var rotation = 8.0
    @Setting("Share by which an image is made larger or smaller at most.", 0...0.9) public var scaling = 0.1
    @Setting("Share of each side that is cut off at most, before the rest is enlarged to the whole.", 0...0.9)
    public var cropping = 0.1

    /// Transformations for images of 32 pixels a side.
    public init() {}

    /// No change at all.
    public static var none: ImageTransformations {
        var none = ImageTransformations()
        (none.jitter, none.rotation, none.scaling, none.cropping) = (0, 0, 0, 0)
        return none
    }

    /// A random transformation of images of a size.
    public func draw(height: Int, width: Int, key: RandomKey) -> AffineMap {
        var random = key.generator()
        func draw(_ bound: Double) -> Double { bound * (2 * random.uniform() - 1) }
        let (down, right, angle, larger) = (draw(jitter), draw(jitter), draw(rotation), 1 + draw(scaling))
        let kept = 1 - cropping * random.uniform()
        let free = (1 - kept) / 2
        let (cropDown, cropRight) = (draw(free * Double(height)), draw(free * Double(width)))
        return AffineMap(
            turn: angle, scale: kept / larger, down: down + cropDown, right: right + cropRight)
    }
}

/// From each place of a result to the place of the image that it shows: a turn and a scale about the center, then a shift.
public struct AffineMap: Sendable, Equatable {
    /// The turn in degrees.
    public var turn: Double
    /// How many pixels of the image a pixel of the result is apart from the next: below 1 enlarges.
    public var scale: Double
    /// How far below the center of the image the center of the result lies, in pixels.
    public var down: Double
    /// How far to the right of it.
    public var right: Double

    /// A map; by default the one that changes nothing.
    public init(turn: Double = 0, scale: Double = 1, down: Double = 0, right: Double = 0) {
        (self.turn, self.scale, self.down, self.right) = (turn, scale, down, right)
    }

    /// Cosine and sine of the turn, both times the scale.
    fileprivate var turned: (cosine: Double, sine: Double) {
        (cos(turn * .pi / 180) * scale, sin(turn * .pi / 180) * scale)
    }
}

extension Tensor {
    /// Images resampled by a map each, with bilinear weights; a linear function of the images, differentiable.
    ///
    /// Places outside an image show `fill`: the image is padded.
    ///
    /// - Parameters:
    ///   - maps: one for each image.
    ///   - fill: of all channels outside.
    /// - Shapes: self `[B, H, W, C]`; result the same.
    public func resampled(by maps: [AffineMap], fill: Float = 0.5) -> Tensor {
        require(
            shape.count == 4 && shape[0] == maps.count,
            "resampled needs images [B, H, W, C] and a map for each, got \(shape) and \(maps.count) maps")
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let pixels = height * width
        var sources = [Int](repeating: 0, count: maps.count * pixels * 4)
        var weights = [Float](repeating: 0, count: sources.count)
        var outside = [Float](repeating: 0, count: maps.count * pixels)
        for (image, map) in maps.enumerated() {
            let (cosine, sine) = map.turned
            for pixel in 0..<pixels {
                let y = Double(pixel / width) - Double(height - 1) / 2
                let x = Double(pixel % width) - Double(width - 1) / 2
                let row = cosine * y + sine * x + map.down + Double(height - 1) / 2
                let column = cosine * x - sine * y + map.right + Double(width - 1) / 2
                let (top, left) = (row.rounded(.down), column.rounded(.down))
                var inside: Float = 0
                for corner in 0..<4 {
                    let (at, across) = (Int(top) + corner / 2, Int(left) + corner % 2)
                    guard (0..<height).contains(at), (0..<width).contains(across) else { continue }
                    let (below, beside) = (row - top, column - left)
                    let weight = Float(
                        (corner / 2 == 1 ? below : 1 - below) * (corner % 2 == 1 ? beside : 1 - beside))
                    let entry = (image * pixels + pixel) * 4 + corner
                    sources[entry] = image * pixels + at * width + across
                    weights[entry] = weight
                    inside += weight
                }
                outside[image * pixels + pixel] = max(0, 1 - inside) * fill
            }
        }
        let parts = reshaped([-1, channels]).gathered(sources) * Tensor(weights, shape: [weights.count, 1])
        let seen = parts.reshaped([maps.count * pixels, 4, channels]).summed(axis: 1)
        return (seen + Tensor(outside, shape: [outside.count, 1])).reshaped(shape)
    }
}
