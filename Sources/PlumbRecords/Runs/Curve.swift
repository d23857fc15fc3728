import Foundation
internal import PlumbBasics

/// A quantity followed through a run, for example a loss by training step: rising `x`, one `y` for each.
///
/// The name says where it is drawn: `loss/train` and `loss/validation` are two lines of the chart `loss`.
public struct Curve: Codable, Sendable, Equatable {
    /// The series' name as the run reported it.
    public var name: String
    /// Places along the horizontal axis, in rising order.
    public var x: [Double]
    /// One value a place.
    public var y: [Double]
    /// How many points there were before thinning, those left out not counted.
    public var count: Int
    /// How many points were left out because they were infinite or not a number.
    public var omitted: Int
    /// Where the first of those lay.
    public var firstOmitted: Double?

    /// A curve, not thinned unless `count` says so.
    /// - Precondition: `x` and `y` have one length.
    public init(
        _ name: String, x: [Double], y: [Double], count: Int? = nil, omitted: Int = 0, firstOmitted: Double? = nil
    ) {
        require(x.count == y.count, "Curve \"\(name)\": \(x.count) places, but \(y.count) values")
        self.name = name
        self.x = x
        self.y = y
        self.count = count ?? x.count
        self.omitted = omitted
        self.firstOmitted = firstOmitted
    }

    /// The chart it belongs to: the name up to its first "/".
    public var chart: String { name.split(separator: "/", maxSplits: 1).first.map(String.init) ?? name }

    /// What its line is called: the name after its first "/", or the whole name.
    public var line: String {
        let parts = name.split(separator: "/", maxSplits: 1)
        return parts.count == 2 ? String(parts[1]) : name
    }
}

extension Curve {
    /// The curve with at most `limit` points, at least 8: its ends, and the least and the greatest value of each of
    /// several stretches, so that no spike is lost.
    ///
    /// Half of the stretches are equally many points; the other half are equally wide on a logarithmic axis where `x`
    /// is positive, so that the beginning keeps its shape there.
    public func thinned(to limit: Int) -> Curve {
        let limit = max(8, limit)
        let size = min(x.count, y.count)
        guard size > limit else { return self }
        var kept: Set<Int> = [0, size - 1]
        let isPositive = x[0] > 0
        let stretches = (limit - 2) / (isPositive ? 4 : 2)
        keepExtremes(of: (0...stretches).map { $0 * size / stretches }, in: &kept)
        if isPositive {
            let ratio = x[size - 1] / x[0]
            var borders = [0]
            for stretch in 1..<stretches {
                let border = x[0] * pow(ratio, Double(stretch) / Double(stretches))
                borders.append(firstIndex(atOrAfter: border, from: borders[borders.count - 1]))
            }
            keepExtremes(of: borders + [size], in: &kept)
        }
        let indices = kept.sorted()
        var thinned = self
        thinned.x = indices.map { x[$0] }
        thinned.y = indices.map { y[$0] }
        return thinned
    }

    private func keepExtremes(of borders: [Int], in kept: inout Set<Int>) {
        for (start, end) in zip(borders, borders.dropFirst()) where start < end {
            var (least, greatest) = (start, start)
            for index in start..<end {
                if y[index] < y[least] { least = index }
                if y[index] > y[greatest] { greatest = index }
            }
            kept.insert(least)
            kept.insert(greatest)
        }
    }

    private func firstIndex(atOrAfter value: Double, from start: Int) -> Int {
        var (low, high) = (start, x.count)
        while low < high {
            let middle = (low + high) / 2
            if x[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

// A record without curves is written, and read, as records were before there were any.
extension KeyedEncodingContainer {
    mutating func encode(_ curves: [Curve], forKey key: Key) throws {
        if !curves.isEmpty { try encodeIfPresent(Optional(curves), forKey: key) }
    }
}

extension KeyedDecodingContainer {
    func decode(_: [Curve].Type, forKey key: Key) throws -> [Curve] {
        try decodeIfPresent([Curve].self, forKey: key) ?? []
    }
}
