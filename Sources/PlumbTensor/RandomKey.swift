internal import Foundation

/// An explicit source of randomness: a value that is split by name or number and never used up.
///
/// The same key gives the same numbers on every machine, whatever ran before. Numbers come from the counter-based
/// SplitMix64 mixer (Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
public struct RandomKey: Sendable, Hashable {
    private let state: UInt64

    /// The key of a seed; every seed has another one.
    public init(_ seed: UInt64) { state = RandomKey.mix(seed &+ 0x9E37_79B9_7F4A_7C15) }

    private init(state: UInt64) { self.state = state }

    /// An independent key for the part called `name`.
    public subscript(name: String) -> RandomKey {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return RandomKey(state: RandomKey.mix(state ^ RandomKey.mix(hash)))
    }

    /// An independent key for the part numbered `index`.
    public subscript(index: Int) -> RandomKey {
        RandomKey(
            state: RandomKey.mix(state &+ RandomKey.mix(UInt64(bitPattern: Int64(index)) ^ 0xD1B5_4A32_D192_ED03)))
    }

    /// A generator that starts at this key, for use with the standard library's random functions.
    public func generator() -> Generator { Generator(state: state) }

    /// A stream of random bits.
    public struct Generator: RandomNumberGenerator, Sendable {
        @usableFromInline var state: UInt64

        /// The next 64 random bits.
        @inlinable public mutating func next() -> UInt64 {
            state = state &+ 0x9E37_79B9_7F4A_7C15
            return RandomKey.mix(state)
        }

        /// A number drawn uniformly from [0, 1).
        @inlinable public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

        /// A number drawn from the standard normal distribution (Box and Muller 1958).
        public mutating func normal() -> Double {
            let radius = (-2 * log(1 - uniform())).squareRoot()
            return radius * cos(2 * .pi * uniform())
        }

        /// Two numbers drawn independently from it, in little more time than one.
        public mutating func normalPair() -> (Double, Double) {
            let radius = (-2 * log(1 - uniform())).squareRoot()
            let angle = 2 * .pi * uniform()
            return (radius * cos(angle), radius * sin(angle))
        }

        /// An integer drawn uniformly from 0 ..< bound.
        public mutating func index(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    }

    @usableFromInline static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
