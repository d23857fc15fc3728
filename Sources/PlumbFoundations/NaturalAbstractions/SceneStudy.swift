// Which chunks of pixels are things? Those whose parts tell of each other at a distance. Texture tells of its neighborhood
// only; the shade of one leg of a table tells the shade of the other.

internal import Foundation
public import PlumbTensor

/// Pictures of a table with a bottle on it, of random shades, in which objects are found by information at a distance.
public struct SceneStudy: Sendable {
    /// Pictures drawn.
    public var pictures: Int
    /// Pixels that are nearer to each other, along rows or columns, are not compared: texture reaches 2.
    public var distance = 3
    /// The least information between two pixels, in nats, that joins them.
    public var threshold = 0.1
    /// The fewest pixels of a chunk.
    public var fewest = 8

    /// The length of a picture's side.
    public static let side = 24

    /// A study of so many pictures.
    public init(pictures: Int) { self.pictures = pictures }

    /// What was found in one scene.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Chunks, the largest first: the pixels of each, numbered by rows.
        public let chunks: [[Int]]
        /// The pixels of the table and of the bottle.
        public let objects: [[Int]]
        /// How well objects are found: for each the larger overlap with one of the two largest chunks, intersection over
        /// union; the mean.
        public let overlap: Double
        /// The mean information between distant pixels of one object, in nats.
        public let within: Double
        /// The mean information between pixels of the table and distant ones of the bottle, in nats.
        public let between: Double
        /// One picture.
        public let picture: [Double]
        /// The mean information between two pixels of an object at each distance, and between two of the background.
        public let decay: [[Double]]
    }

    private struct Layout {
        let table: [Int], bottle: [Int]

        init(using random: inout RandomKey.Generator) {
            let side = SceneStudy.side
            let (width, left) = (14 + random.index(below: 4), 2 + random.index(below: 4))
            let top = 13 + random.index(below: 2)
            let leg = 3
            var table: [Int] = []
            for row in top..<side - 1 {
                for column in left..<left + width
                where row < top + 3 || column < left + leg || column >= left + width - leg {
                    table.append(row * side + column)
                }
            }
            let place = left + 2 + random.index(below: width - 8)
            let height = 9 + random.index(below: 2)
            var bottle: [Int] = []
            for row in top - height..<top {
                let isNeck = row < top - height + 3
                for column in place + (isNeck ? 1 : 0)..<place + (isNeck ? 3 : 4) { bottle.append(row * side + column) }
            }
            (self.table, self.bottle) = (table, bottle)
        }
    }

    /// A field of texture: white noise averaged over 3 × 3 pixels.
    private static func texture(using random: inout RandomKey.Generator) -> [Double] {
        let wide = side + 2
        let noise = (0..<wide * wide).map { _ in random.normal() }
        return (0..<side * side).map { pixel in
            let corner = (pixel / side) * wide + pixel % side
            var sum = 0.0
            for row in 0..<3 {
                for column in 0..<3 { sum += noise[corner + row * wide + column] }
            }
            return sum * 0.08 / 3
        }
    }

    private func draw(_ layout: Layout, using random: inout RandomKey.Generator) -> [Double] {
        var picture = Self.texture(using: &random).map { 0.5 + $0 }
        for object in [layout.table, layout.bottle] {
            let (shade, grain) = (0.2 + 0.6 * random.uniform(), Self.texture(using: &random))
            // Now and then an object stands a pixel to the left or right.
            let chance = random.uniform()
            let shift = chance < 0.1 ? -1 : chance < 0.2 ? 1 : 0
            for pixel in object { picture[pixel + shift] = shade + grain[pixel] }
        }
        return picture
    }

    /// Finds chunks in a random scene.
    ///
    /// - Parameter shuffled: whether each pixel's values are shuffled among the pictures, which leaves no joint structure.
    public func run(key: RandomKey, shuffled: Bool = false) -> Outcome {
        var random = key.generator()
        let layout = Layout(using: &random)
        let drawn = (0..<pictures).map { _ in draw(layout, using: &random) }
        var pixels = (0..<Self.side * Self.side).map { pixel in drawn.map { $0[pixel] } }
        if shuffled {
            for pixel in pixels.indices { pixels[pixel].shuffle(using: &random) }
        }
        let information = Self.information(pixels)
        let chunks = chunks(information)
        let objects = [layout.table, layout.bottle]
        let overlaps = objects.map { object in chunks.prefix(2).map { Self.overlap($0, object) }.max() ?? 0 }
        let inside = objects.map { mean(information, $0, $0) }
        return Outcome(
            chunks: chunks, objects: objects, overlap: Statistics.mean(overlaps), within: Statistics.mean(inside),
            between: mean(information, layout.table, layout.bottle), picture: drawn.first ?? [],
            decay: [Self.decay(information, objects), Self.decay(information, outside: objects)])
    }

    /// -½ ln(1 - ρ²) of every two pixels: their mutual information, were they jointly normal.
    private static func information(_ pixels: [[Double]]) -> [[Float]] {
        let standard = pixels.map { values -> [Double] in
            let (centered, deviation) = Statistics.centered(values)
            let scale = deviation * Double(values.count).squareRoot()
            return scale > 0 ? centered.map { $0 / scale } : centered
        }
        let matrix = DoubleMatrix(Array(standard.joined()), rows: pixels.count, columns: pixels[0].count)
        let correlations = matrix.product(matrix.transposed())
        return pixels.indices.map { row in
            correlations.row(row).map { Float(-0.5 * log(max(1e-9, 1 - $0 * $0))) }
        }
    }

    private static func apart(_ one: Int, _ other: Int) -> Int {
        max(abs(one / side - other / side), abs(one % side - other % side))
    }

    private func chunks(_ information: [[Float]]) -> [[Int]] {
        var chunk = Array(0..<information.count)
        func root(_ pixel: Int) -> Int {
            var pixel = pixel
            while chunk[pixel] != pixel { pixel = chunk[pixel] }
            return pixel
        }
        for one in chunk.indices {
            for other in 0..<one
            where Double(information[one][other]) >= threshold && Self.apart(one, other) >= distance {
                let (a, b) = (root(one), root(other))
                chunk[max(a, b)] = min(a, b)
            }
        }
        let groups = Dictionary(grouping: chunk.indices, by: root)
        return groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.value)
            .filter { $0.count >= fewest }
    }

    private static func overlap(_ one: [Int], _ other: [Int]) -> Double {
        let (a, b) = (Set(one), Set(other))
        return Double(a.intersection(b).count) / Double(a.union(b).count)
    }

    private func mean(_ information: [[Float]], _ one: [Int], _ other: [Int]) -> Double {
        Statistics.mean(
            one.flatMap { a in
                other.filter { Self.apart(a, $0) >= distance }.map { Double(information[a][$0]) }
            })
    }

    private static func decay(_ information: [[Float]], outside objects: [[Int]]) -> [Double] {
        let covered = Set(objects.joined())
        let near = Set(covered.flatMap { [$0 - 1, $0, $0 + 1] })
        return decay(information, [information.indices.filter { !near.contains($0) }])
    }

    /// The mean information at distances 1 to 12 within groups of pixels.
    private static func decay(_ information: [[Float]], _ groups: [[Int]]) -> [Double] {
        var (sums, counts) = ([Double](repeating: 0, count: 13), [Double](repeating: 0, count: 13))
        for group in groups {
            for one in group {
                for other in group where one != other {
                    let distance = apart(one, other)
                    guard distance <= 12 else { continue }
                    sums[distance] += Double(information[one][other])
                    counts[distance] += 1
                }
            }
        }
        return (1...12).map { sums[$0] / max(1, counts[$0]) }
    }
}
