internal import PlumbBasics
internal import PlumbTensor

/// The sets of up to k of n pixels, each size in an order in which sets of the first n pixels come before all others
/// (colexicographic), and how a set grows by a pixel.
struct PixelSets: Sendable {
    let count: Int
    let largest: Int
    /// For each size below the largest: a list for each pixel that can still be shown, counted among those that are not,
    /// with the place of the grown set for every set of that size.
    private let grown: [[[Int]]]

    /// - Precondition: at most 64 pixels.
    init(_ count: Int, largest: Int) {
        require((1...64).contains(count) && (1...count).contains(largest), "no sets of \(largest) of \(count) pixels")
        (self.count, self.largest) = (count, largest)
        var (sets, grown): ([UInt64], [[[Int]]]) = ([0], [])
        for size in 0..<largest {
            var lists = [[Int]](repeating: [], count: count - size)
            for set in sets {
                var next = 0
                for pixel in 0..<count where set >> UInt64(pixel) & 1 == 0 {
                    lists[next].append(Self.place(of: set | 1 << UInt64(pixel)))
                    next += 1
                }
            }
            grown.append(lists)
            // A set's largest pixel decides first, so the sets below it are those that come first.
            sets = (size..<count).flatMap { pixel in
                sets[..<Self.binomial(pixel, size)].map { $0 | 1 << UInt64(pixel) }
            }
        }
        self.grown = grown
    }

    /// The number of sets of `size` of `count` pixels.
    static func binomial(_ count: Int, _ size: Int) -> Int {
        guard size <= count else { return 0 }
        return (0..<size).reduce(1) { $0 * (count - $1) / ($1 + 1) }
    }

    /// The place of a set among those of its size.
    static func place(of set: UInt64) -> Int {
        var (rest, size, place) = (set, 0, 0)
        while rest != 0 {
            let pixel = rest.trailingZeroBitCount
            size += 1
            place += binomial(pixel, size)
            rest &= rest - 1
        }
        return place
    }

    /// Sums of rows over every set of the largest size, in order, handed on in blocks.
    ///
    /// Sums of sets whose largest pixel is the same are sums of smaller sets, which stand at the beginning of theirs, and
    /// one row more.
    ///
    /// - Shapes: `rows` `[n, D]`, `start` `[D]`; blocks `[…, D]`.
    func forEachSum(of rows: Tensor, from start: Tensor, _ body: (Tensor) throws -> Void) rethrows {
        var level = start.reshaped([1, start.count])
        for size in 1..<largest {
            level = Tensor.concatenated(
                (size - 1..<count).map { level[0..<Self.binomial($0, size - 1)] + rows[$0] })
        }
        for pixel in largest - 1..<count {
            try body(level[0..<Self.binomial(pixel, largest - 1)] + rows[pixel])
        }
    }

    /// The value of showing nothing yet, where `movers` take turns and each wants the largest or the least value.
    ///
    /// - Parameters:
    ///   - values: of every set of the largest size, for several games, `[sets, games]`.
    ///   - maximizes: whether the mover of each turn wants the largest value, first turn first.
    /// - Returns: the value of each game.
    func solve(_ values: Tensor, maximizes: [Bool]) -> [Float] {
        require(maximizes.count == largest, "\(maximizes.count) turns do not show \(largest) pixels")
        var values = values
        for size in (0..<largest).reversed() {
            var best = values.gathered(grown[size][0])
            for list in grown[size].dropFirst() {
                let other = values.gathered(list)
                best = maximizes[size] ? Tensor.maximum(best, other) : Tensor.minimum(best, other)
            }
            values = best
        }
        return values.elements
    }
}
