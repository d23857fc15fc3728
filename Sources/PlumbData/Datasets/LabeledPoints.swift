internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Points with the class each one belongs to.
public struct LabeledPoints: Sendable, Equatable {
    /// The points, `[N, D]`.
    public let points: Tensor
    /// The class of each point, from 0.
    public let labels: [Int]

    /// - Precondition: `points` is `[N, D]` with N labels.
    public init(points: Tensor, labels: [Int]) {
        require(
            points.shape.count == 2 && points.shape[0] == labels.count,
            "LabeledPoints: \(labels.count) labels for points \(points.shape)")
        self.points = points
        self.labels = labels
    }

    /// The number of points.
    public var count: Int { labels.count }

    /// The points `rows`, in the order asked.
    public subscript(rows: [Int]) -> LabeledPoints {
        LabeledPoints(points: points.gathered(rows), labels: rows.map { labels[$0] })
    }

    /// Round clouds about given centers: point i is drawn from the normal distribution about center i mod K.
    ///
    /// - Parameters:
    ///   - count: how many points.
    ///   - centers: the classes' centers, `[K, D]`.
    ///   - deviation: the standard deviation along every axis.
    ///   - key: of the points.
    /// - Shapes: ``points`` `[count, D]`.
    public static func blobs(_ count: Int, centers: Tensor, deviation: Double, key: RandomKey) -> LabeledPoints {
        require(
            centers.shape.count == 2 && centers.count > 0 && count >= 0,
            "blobs needs centers [K, D] and a count, got \(centers.shape) and \(count)")
        let (classes, width) = (centers.shape[0], centers.shape[1])
        var generator = key.generator()
        let points = Tensor(shape: [count, width]) { target in
            centers.withUnsafeElements { centers in
                for index in 0..<count * width {
                    let center = centers[index / width % classes * width + index % width]
                    target[index] = center + Float(deviation * generator.normal())
                }
            }
        }
        return LabeledPoints(points: points, labels: (0..<count).map { $0 % classes })
    }

    /// Two half circles that reach into one another, which no straight line separates: class 0 is the upper half of the
    /// unit circle, class 1 the lower half of one moved by (1, ½).
    ///
    /// - Parameters:
    ///   - count: how many points.
    ///   - noise: the standard deviation of what is added to each coordinate.
    ///   - key: of the points.
    /// - Shapes: ``points`` `[count, 2]`.
    public static func twoMoons(_ count: Int, noise: Double, key: RandomKey) -> LabeledPoints {
        require(count >= 0, "twoMoons needs a count, got \(count)")
        var generator = key.generator()
        let points = Tensor(shape: [count, 2]) { target in
            for index in 0..<count {
                let angle = Double.pi * generator.uniform()
                let isUpper = index % 2 == 0
                let x = isUpper ? cos(angle) : 1 - cos(angle)
                let y = isUpper ? sin(angle) : 0.5 - sin(angle)
                target[2 * index] = Float(x + noise * generator.normal())
                target[2 * index + 1] = Float(y + noise * generator.normal())
            }
        }
        return LabeledPoints(points: points, labels: (0..<count).map { $0 % 2 })
    }
}
