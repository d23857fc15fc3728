internal import Foundation
public import PlumbTensor

/// How a camera sees a sign: from where, in which light, before which background.
public struct SignView: Sendable {
    /// The radius of the sign as a share of the picture's side: how near it is.
    public var size: Double
    /// The turn of the picture in degrees.
    public var angle: Double
    /// How much narrower the sign looks because it is seen from the side, 1 for from the front.
    public var width: Double
    /// How far a horizontal line of the sign leans, as a slope.
    public var lean: Double
    /// The middle of the sign, as shares of the picture's side, 0 for the center.
    public var right: Double, down: Double
    /// What multiplies red, green and blue.
    public var light: [Double]
    /// How far apart the rays of a pixel are, in pixels: 1 for a sharp picture.
    public var blur: Double
    /// The deviation of the noise of the camera.
    public var noise: Double
    /// What is drawn behind the sign, and the noise.
    public var key: RandomKey

    /// A sharp view from the front, in white light.
    public static func frontal(key: RandomKey) -> SignView {
        SignView(
            size: 0.4, angle: 0, width: 1, lean: 0, right: 0, down: 0, light: [0.85, 0.85, 0.85], blur: 1, noise: 0,
            key: key)
    }

    private init(
        size: Double, angle: Double, width: Double, lean: Double, right: Double, down: Double, light: [Double],
        blur: Double, noise: Double, key: RandomKey
    ) {
        (self.size, self.angle, self.width, self.lean, self.right, self.down) = (size, angle, width, lean, right, down)
        (self.light, self.blur, self.noise, self.key) = (light, blur, noise, key)
    }

    /// A random view: at 0.26 to 0.46 of the side, turned by up to 15 degrees, as much as 30 % narrower, brighter or
    /// darker
    /// by a factor of two, tinted, blurred and noisy.
    public init(key: RandomKey) {
        var random = key["view"].generator()
        func draw(_ low: Double, _ high: Double) -> Double { low + (high - low) * random.uniform() }
        let brightness = draw(0.5, 1)
        self.init(
            size: draw(0.26, 0.46), angle: draw(-15, 15), width: draw(0.7, 1), lean: draw(-0.12, 0.12),
            right: draw(-0.08, 0.08), down: draw(-0.08, 0.08), light: (0..<3).map { _ in brightness * draw(0.9, 1) },
            blur: draw(1, 2.2), noise: draw(0, 0.03), key: key)
    }
}

extension SignView {
    /// Random views of all signs in turn.
    ///
    /// - Parameters:
    ///   - count: N, how many.
    ///   - key: view i is drawn from `key[i]`.
    /// - Shapes: result `[N, side, side, 3]`.
    public static func pictures(_ count: Int, key: RandomKey) -> Tensor {
        let (signs, size) = (TrafficSign.allCases, side * side * 3)
        let pixels = Tensor(shape: [count, size]) { pixels in
            for index in 0..<count {
                let picture = SignView(key: key[index]).picture(of: signs[index % signs.count]).picture([])
                for (place, value) in picture.enumerated() { pixels[index * size + place] = value }
            }
        }
        return pixels.reshaped([count, side, side, 3])
    }
}

/// Stickers on a surface: cells of two strips, each with a gray value of its own.
public struct StickerLayout: Sendable {
    /// Rectangles on the surface: left, top, right, bottom.
    let strips: [(left: Double, top: Double, right: Double, bottom: Double)]
    /// The rows and columns of cells of a strip.
    let rows: Int, columns: Int

    /// Two equal strips, one above and one below the middle of a sign.
    ///
    /// - Parameters:
    ///   - distance: of a strip from the middle, in radii of the sign.
    ///   - rows: of cells in a strip.
    ///   - columns: of cells in a strip.
    ///   - width: of a strip, in radii of the sign.
    ///   - height: of a strip, in radii of the sign.
    public init(distance: Double, rows: Int, columns: Int, width: Double, height: Double) {
        let side = width / 2
        strips = [(-side, -distance - height, side, -distance), (-side, distance, side, distance + height)]
        (self.rows, self.columns) = (rows, columns)
    }

    /// A value, 0 or 1, for each cell.
    func randomCells(key: RandomKey) -> [Float] {
        var random = key.generator()
        return (0..<cells).map { _ in random.uniform() < 0.5 ? 0 : 1 }
    }

    /// Two strips of random places and sizes, with small cells.
    static func random(key: RandomKey) -> StickerLayout {
        var random = key.generator()
        func draw(_ lower: Double, _ upper: Double) -> Double { lower + (upper - lower) * random.uniform() }
        let strips = (0..<2).map { _ in
            let (width, height) = (draw(0.4, 1.6), draw(0.2, 0.6))
            let (left, top) = (draw(-0.8, 0.8 - width), draw(-0.8, 0.8 - height))
            return (left: left, top: top, right: left + width, bottom: top + height)
        }
        return StickerLayout(strips: strips, rows: 6 + random.index(below: 7), columns: 14 + random.index(below: 15))
    }

    private init(
        strips: [(left: Double, top: Double, right: Double, bottom: Double)], rows: Int, columns: Int
    ) { (self.strips, self.rows, self.columns) = (strips, rows, columns) }

    /// The number of cells.
    public var cells: Int { strips.count * rows * columns }

    /// The cell at a place of the sign; nil outside the stickers.
    func cell(_ u: Double, _ v: Double) -> Int? {
        for (index, strip) in strips.enumerated()
        where u >= strip.left && u < strip.right && v >= strip.top && v < strip.bottom {
            let row = Int((v - strip.top) / (strip.bottom - strip.top) * Double(rows))
            let column = Int((u - strip.left) / (strip.right - strip.left) * Double(columns))
            return index * rows * columns + min(row, rows - 1) * columns + min(column, columns - 1)
        }
        return nil
    }
}

/// A picture as a linear function of the gray values of stickers in it.
public struct StickerView: Sendable {
    /// The picture where all stickers are black, before its numbers are limited to 0...1.
    public let base: [Float]
    /// For each part of a sticker that a number of the picture shows: which number, which cell, and how much.
    let numbers: [Int32], cells: [Int32], weights: [Float]

    init(base: [Float], numbers: [Int32] = [], cells: [Int32] = [], weights: [Float] = []) {
        (self.base, self.numbers, self.cells, self.weights) = (base, numbers, cells, weights)
    }

    /// The picture with stickers of these gray values, 0 for black and 1 for white.
    public func picture(_ sticker: [Float]) -> [Float] {
        var result = base
        for index in numbers.indices {
            result[Int(numbers[index])] += weights[index] * sticker[Int(cells[index])]
        }
        return result.map { min(max($0, 0), 1) }
    }

    /// Adds what a gradient at the picture's numbers means for the gray values.
    func addGradient(_ gradient: ArraySlice<Float>, to total: inout [Float]) {
        let start = gradient.startIndex
        for index in numbers.indices {
            total[Int(cells[index])] += weights[index] * gradient[start + Int(numbers[index])]
        }
    }
}

extension SignView {
    /// Pixels in a row and in a column of a picture.
    public static let side = 32

    /// The picture of a sign, `[32 · 32 · 3]` numbers as a function of its stickers.
    ///
    /// Each pixel is the mean of nine rays.
    public func picture(of sign: TrafficSign, stickers: StickerLayout? = nil) -> StickerView {
        let side = Self.side
        var random = key["scene"].generator()
        let background = Background(&random)
        let radius = size * Double(side)
        let (cosine, sine) = (cos(angle * .pi / 180), sin(angle * .pi / 180))
        var base = [Float](repeating: 0, count: side * side * 3)
        var numbers: [Int32] = [], cells: [Int32] = [], weights: [Float] = []
        let light = SIMD3(light.map(Float.init))
        var seen: [Int] = []
        for row in 0..<side {
            for column in 0..<side {
                seen.removeAll(keepingCapacity: true)
                let pixel = (row * side + column) * 3
                var sum = SIMD3<Float>(repeating: 0)
                for ray in 0..<9 {
                    let x = Double(column) + 0.5 + blur * (Double(ray % 3) - 1) / 3 - Double(side) * (0.5 + right)
                    let y = Double(row) + 0.5 + blur * (Double(ray / 3) - 1) / 3 - Double(side) * (0.5 + down)
                    let u = (cosine * x + sine * y) / (radius * width)
                    let v = (cosine * y - sine * x) / radius - lean * u
                    if let color = sign.color(u, v) {
                        if let cell = stickers?.cell(u, v) {
                            seen.append(cell)
                        } else {
                            sum += light * SIMD3(color.red, color.green, color.blue) / 9
                        }
                    } else {
                        sum += SIMD3<Float>(background.color(x / Double(side), y / Double(side))) / 9
                    }
                }
                seen.sort()
                var first = 0
                while first < seen.count {
                    let cell = seen[first]
                    var next = first + 1
                    while next < seen.count, seen[next] == cell { next += 1 }
                    let share = Float(next - first) / 9
                    for channel in 0..<3 {
                        numbers.append(Int32(pixel + channel))
                        cells.append(Int32(cell))
                        weights.append(light[channel] * 0.93 * share)
                    }
                    // Black paint is not quite black.
                    sum += light * 0.05 * share
                    first = next
                }
                for channel in 0..<3 { base[pixel + channel] = sum[channel] }
            }
        }
        if noise > 0 { for index in base.indices { base[index] += Float(noise * random.normal()) } }
        return StickerView(base: base, numbers: numbers, cells: cells, weights: weights)
    }

    /// Two colors that run into each other, with waves of light.
    private struct Background {
        let first: SIMD3<Double>, second: SIMD3<Double>
        let along: SIMD2<Double>, wave: Double, phase: Double

        init(_ random: inout RandomKey.Generator) {
            func color() -> SIMD3<Double> {
                SIMD3(random.uniform() * 0.8, random.uniform() * 0.8, random.uniform() * 0.8)
            }
            (first, second) = (color(), color())
            let angle = 2 * .pi * random.uniform()
            along = SIMD2(cos(angle), sin(angle))
            (wave, phase) = (1 + 3 * random.uniform(), 2 * .pi * random.uniform())
        }

        func color(_ x: Double, _ y: Double) -> SIMD3<Double> {
            let share = min(max(0.5 + along.x * x + along.y * y, 0), 1)
            let shine = 0.1 * sin(2 * .pi * wave * (along.x * y - along.y * x) + phase)
            return first * (1 - share) + second * share + shine
        }
    }
}
