internal import Foundation
internal import PlumbBasics
internal import PlumbModels
public import PlumbTensor

/// Plane waves over the pixels of an image: the real discrete Fourier basis in two dimensions.
///
/// A frequency and its opposite share a cosine and a sine; a frequency that is its own opposite has a cosine alone. Each
/// wave has length 1 and different waves are orthogonal, so an image has as many coefficients as pixels, and its inverse
/// transform is one product with ``matrix``.
public struct PlaneWaves: Sendable {
    /// The rows of an image.
    public let height: Int
    /// The pixels of a row.
    public let width: Int
    /// The frequency of each wave in cycles a pixel: the length of the vector of its frequencies along rows and columns.
    public let frequencies: [Double]
    /// A pixel a row, row after row of the image, and a wave a column, `[H · W, H · W]`.
    public let matrix: Tensor

    /// The waves of images of a size.
    ///
    /// - Complexity: O((H · W)²) in time and memory.
    public init(height: Int, width: Int) {
        require(
            (1...64).contains(height) && (1...64).contains(width),
            "plane waves are computed for images of 1 to 64 rows and columns, got \(height) × \(width)")
        (self.height, self.width) = (height, width)
        let pixels = height * width
        var frequencies: [Double] = []
        var elements = [Float](repeating: 0, count: pixels * pixels)
        for down in 0..<height {
            for right in 0..<width {
                let (up, left) = ((height - down) % height, (width - right) % width)
                guard (down, right) <= (up, left) else { continue }
                let isOwnOpposite = (down, right) == (up, left)
                let length = (isOwnOpposite ? 1 / Double(pixels) : 2 / Double(pixels)).squareRoot()
                let column = frequencies.count
                for row in 0..<height {
                    for place in 0..<width {
                        // Whole turns are left out before the division, so that opposite waves stay exact.
                        let turn =
                            Double(down * row % height) / Double(height)
                            + Double(right * place % width) / Double(width)
                        let start = (row * width + place) * pixels + column
                        elements[start] = Float(length * cos(2 * .pi * turn))
                        if !isOwnOpposite { elements[start + 1] = Float(length * sin(2 * .pi * turn)) }
                    }
                }
                let along = Double(min(down, up)) / Double(height)
                let across = Double(min(right, left)) / Double(width)
                let frequency = (along * along + across * across).squareRoot()
                frequencies += [Double](repeating: frequency, count: isOwnOpposite ? 1 : 2)
            }
        }
        self.frequencies = frequencies
        matrix = Tensor(elements, shape: [pixels, pixels])
    }

    /// What the coefficient of each wave is multiplied by, `1 / max(f, 1 / max(H, W))ᵖ`, with a mean square of 1 over all
    /// waves: low frequencies count more, as they do in photographs.
    ///
    /// - Parameter power: p, how fast the weight falls with the frequency; 0 weighs all alike.
    public func scales(power: Double) -> [Float] {
        let lowest = 1 / Double(max(height, width))
        let scales = frequencies.map { pow(max($0, lowest), -power) }
        let size = (scales.reduce(0) { $0 + $1 * $1 } / Double(scales.count)).squareRoot()
        return scales.map { Float($0 / size) }
    }

    /// What the coefficient of each wave is multiplied by so that its weight falls with the frequency as in images: a power
    /// of the root mean square coefficient over the images and over all waves as long, to a whole number of cycles along the
    /// longer side. The mean color counts by how far the images' mean colors lie from their common mean, and no less than
    /// the longest waves. The mean square over all other waves is 1.
    ///
    /// - Parameters:
    ///   - images: whose energies are followed.
    ///   - power: 1 follows amplitudes, 2 energies.
    /// - Shapes: `images` `[B, H, W, C]`.
    /// - Throws: ``ModelError`` where images have no energy at some length: such waves could not be used.
    public func scales(of images: Tensor, power: Double = 1) throws -> [Float] {
        let cycles = frequencies.map { $0 > 0 ? max(1, Int(($0 * Double(max(height, width))).rounded())) : 0 }
        var energy = [Double](repeating: 0, count: max(1, cycles.max() ?? 0) + 1), waves = energy
        let center = images.reshaped([-1, images.shape[images.shape.count - 1]]).mean(axis: 0)
        for first in stride(from: 0, to: images.shape[0], by: 256) {
            for energies in energies(images[first..<min(first + 256, images.shape[0])] - center) {
                for (wave, value) in energies.enumerated() {
                    energy[cycles[wave]] += value
                    waves[cycles[wave]] += 1
                }
            }
        }
        var means = zip(energy, waves).map { $0 / max(1, $1) }
        means[0] = max(means[0], means[1])
        let squares = cycles.map { means[$0] }
        if let missing = squares.firstIndex(where: { $0 <= 0 }) {
            throw ModelError(
                "these images have no contrast at \(cycles[missing]) cycles a side, so waves cannot be weighted as they are "
                    + "there; weigh them by a power of their frequency")
        }
        let weights = squares.map { pow($0, power / 2) }
        let others = zip(weights, frequencies).filter { $0.1 > 0 }.map(\.0)
        let size = (others.reduce(0) { $0 + $1 * $1 } / Double(max(1, others.count))).squareRoot()
        return weights.map { Float($0 / size) }
    }

    /// The inverse transform of coefficients that are multiplied by a number for each wave, as a matrix `[H · W, H · W]`.
    public func scaledMatrix(_ scales: [Float]) -> Tensor {
        matrix * Tensor(scales, shape: [1, frequencies.count])
    }

    /// The energy of images at each wave, summed over their channels.
    ///
    /// - Shapes: `images` `[B, H, W, C]`; result `[B][H · W]`.
    public func energies(_ images: Tensor) -> [[Double]] {
        require(
            images.shape.count == 4 && images.shape[1] == height && images.shape[2] == width,
            "waves of \(height) × \(width) pixels do not fit images \(images.shape)")
        let (count, channels, waves) = (images.shape[0], images.shape[3], frequencies.count)
        let pixels = images.reshaped([count, height * width, channels]).swappingLeadingAxes()
        let found = matrix.transposedMatmul(pixels.reshaped([height * width, count * channels])).elements
        return (0..<count).map { image in
            (0..<waves).map { wave in
                let start = (wave * count + image) * channels
                return found[start..<start + channels].reduce(0) { $0 + Double($1) * Double($1) }
            }
        }
    }

    /// The share of the energy of each image, without its mean color, that lies at low frequencies: in waves at least 8
    /// pixels long, or as long as the image where it is smaller.
    ///
    /// - Shapes: `images` `[B, H, W, C]`; result `[B]`; NaN for an image of one color.
    public func lowFrequencyShares(_ images: Tensor) -> [Double] {
        let bound = max(1 / 8.0, 1 / Double(max(height, width))) + 1e-9
        return energies(images).map { energies in
            var (low, all) = (0.0, 0.0)
            for (energy, frequency) in zip(energies, frequencies) where frequency > 0 {
                all += energy
                if frequency <= bound { low += energy }
            }
            // What rounding leaves of an image without any contrast is no energy.
            return all > 1e-9 ? low / all : .nan
        }
    }
}
