internal import Foundation
internal import PlumbTensor

/// The pixels of one picture, to be changed in place: row after row, the channels of a pixel together.
struct Picture {
    var pixels: [Float]
    let height, width, channels: Int

    init(_ pixels: [Float], height: Int, width: Int, channels: Int) {
        (self.pixels, self.height, self.width, self.channels) = (pixels, height, width, channels)
    }

    /// A map of the plane: `x′ = a x + b y`, `y′ = c x + d y`, then a shift.
    struct Affine {
        var a, b, c, d: Double
        var x = 0.0, y = 0.0
    }

    mutating func changeEach(_ change: (Float) -> Float) {
        for index in pixels.indices { pixels[index] = change(pixels[index]) }
    }

    /// The value between pixels, 0 outside.
    private func sample(_ row: Double, _ column: Double, _ channel: Int) -> Float {
        let (top, left) = (row.rounded(.down), column.rounded(.down))
        guard top > -2, left > -2, top < Double(height) + 1, left < Double(width) + 1 else { return 0 }
        let (down, right) = (Float(row - top), Float(column - left))
        func pixel(_ row: Int, _ column: Int) -> Float {
            (0..<height).contains(row) && (0..<width).contains(column)
                ? pixels[(row * width + column) * channels + channel] : 0
        }
        let (i, j) = (Int(top), Int(left))
        return (1 - down) * ((1 - right) * pixel(i, j) + right * pixel(i, j + 1))
            + down * ((1 - right) * pixel(i + 1, j) + right * pixel(i + 1, j + 1))
    }

    private mutating func replaceEach(_ value: (Double, Double, Int) -> Float) {
        var result = pixels
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<channels {
                    result[(row * width + column) * channels + channel] = value(Double(row), Double(column), channel)
                }
            }
        }
        pixels = result
    }

    /// Takes each pixel from where `inverse` sends its place, measured from the center.
    mutating func warp(_ inverse: Affine) {
        let (middleRow, middleColumn) = (Double(height - 1) / 2, Double(width - 1) / 2)
        let old = self
        replaceEach { row, column, channel in
            let (x, y) = (column - middleColumn, row - middleRow)
            return old.sample(
                middleRow + inverse.c * x + inverse.d * y + inverse.y,
                middleColumn + inverse.a * x + inverse.b * y + inverse.x, channel)
        }
    }

    mutating func blur(deviation: Double) {
        let reach = Int((3 * deviation).rounded(.up))
        let weights = (-reach...reach).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
        let total = weights.reduce(0, +)
        for isRow in [true, false] {
            let old = self
            replaceEach { row, column, channel in
                var sum = 0.0
                for (index, weight) in weights.enumerated() {
                    let shift = Double(index - reach)
                    let value = old.sample(row + (isRow ? 0 : shift), column + (isRow ? shift : 0), channel)
                    sum += weight / total * Double(value)
                }
                return Float(sum)
            }
        }
    }

    /// The mean along a line through each pixel.
    mutating func smear(length: Double, angle: Double) {
        let steps = max(3, 2 * Int(length.rounded(.up)) + 1)
        let old = self
        replaceEach { row, column, channel in
            var sum: Float = 0
            for step in 0..<steps {
                let place = length * (Double(step) / Double(steps - 1) - 0.5)
                sum += old.sample(row + place * sin(angle), column + place * cos(angle), channel)
            }
            return sum / Float(steps)
        }
    }

    /// Mixes in a smooth random field of mean brightness one half, the sum of four waves.
    mutating func addFog(_ amount: Double, _ random: inout RandomKey.Generator) {
        let waves = (0..<4).map { _ in
            (angle: 2 * .pi * random.uniform(), length: 0.5 + random.uniform(), phase: 2 * .pi * random.uniform())
        }
        let old = self
        replaceEach { row, column, channel in
            let field = waves.reduce(0.5) { sum, wave in
                let along = (cos(wave.angle) * column + sin(wave.angle) * row) / Double(old.width)
                return sum + 0.15 * sin(2 * .pi * along / wave.length + wave.phase)
            }
            let here = old.pixels[(Int(row) * old.width + Int(column)) * old.channels + channel]
            return Float(1 - amount) * here + Float(amount * min(max(field, 0), 1))
        }
    }

    /// Blackens a square at a random place inside; its side is a share of the width.
    mutating func occlude(side: Double, _ random: inout RandomKey.Generator) {
        let size = side * Double(width)
        let top = random.uniform() * (Double(height) - size), left = random.uniform() * (Double(width) - size)
        let old = self
        replaceEach { row, column, channel in
            let covered =
                max(0, min(row + 1, top + size) - max(row, top))
                * max(0, min(column + 1, left + size) - max(column, left))
            return Float(1 - covered) * old.pixels[(Int(row) * old.width + Int(column)) * old.channels + channel]
        }
    }

    /// Inverts an upright band at a random place; its width is a share of the picture's.
    mutating func invertStripe(width share: Double, _ random: inout RandomKey.Generator) {
        let size = share * Double(width)
        let left = random.uniform() * (Double(width) - size)
        let old = self
        replaceEach { row, column, channel in
            let covered = Float(max(0, min(column + 1, left + size) - max(column, left)))
            let here = old.pixels[(Int(row) * old.width + Int(column)) * old.channels + channel]
            return here + covered * (1 - 2 * here)
        }
    }
}
