internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

/// The active features of some rows, a list for each row: all that later steps need to look at.
public struct SparseActivations: Sendable, Equatable {
    /// N, how many features there are to be active.
    public let features: Int
    /// Where each row's entries begin, and the end of the last: `[R + 1]`.
    public let offsets: [Int]
    /// The active features, rising within each row.
    public let indices: [Int32]
    /// How active they are.
    public let values: [Float]

    /// Lists at hand.
    ///
    /// - Precondition: offsets rise from 0 to the number of entries, and indices lie in `0 ..< features`.
    public init(features: Int, offsets: [Int], indices: [Int32], values: [Float]) {
        require(
            offsets.first == 0 && offsets.last == indices.count && indices.count == values.count
                && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 },
            "\(indices.count) features and \(values.count) values do not fill rows that end at \(offsets.last ?? -1)")
        require(
            indices.allSatisfy { $0 >= 0 && Int($0) < features }, "an active feature is none of 0 ..< \(features)")
        (self.features, self.offsets, self.indices, self.values) = (features, offsets, indices, values)
    }

    /// The entries above 0 of dense activations `[R, N]`.
    public init(_ dense: Tensor) {
        require(dense.shape.count == 2, "activations are [rows, features], got \(dense.shape)")
        self = .selected(from: dense) { row, indices, values in
            for index in row.indices where row[index] > 0 {
                indices.append(Int32(index))
                values.append(row[index])
            }
        }
    }

    /// The number of rows.
    public var rows: Int { offsets.count - 1 }
    /// The number of active features in all rows.
    public var count: Int { indices.count }
    /// The places of a row's entries in ``indices`` and ``values``.
    public func entries(of row: Int) -> Range<Int> { offsets[row]..<offsets[row + 1] }

    /// The features and values of one row.
    public subscript(row: Int) -> [(feature: Int, value: Float)] {
        require((0..<rows).contains(row), "row \(row) of \(rows) rows of activations does not exist")
        return entries(of: row).map { (Int(indices[$0]), values[$0]) }
    }

    /// The same as a dense tensor, `[R, N]`.
    public var dense: Tensor {
        Tensor(shape: [rows, features]) { target in
            target.initialize(repeating: 0)
            for row in 0..<rows {
                for entry in entries(of: row) { target[row * features + Int(indices[entry])] = values[entry] }
            }
        }
    }

    /// Rows one after another.
    public static func concatenated(_ parts: [SparseActivations]) -> SparseActivations {
        require(
            Set(parts.map(\.features)).count == 1, "activations of \(parts.map(\.features)) features cannot be joined")
        var offsets = [0]
        offsets.reserveCapacity(parts.reduce(1) { $0 + $1.rows })
        for part in parts {
            let start = offsets[offsets.count - 1]
            offsets += part.offsets.dropFirst().map { $0 + start }
        }
        return SparseActivations(
            features: parts[0].features, offsets: offsets, indices: parts.flatMap(\.indices),
            values: parts.flatMap(\.values))
    }

    /// `values · directions`: the sum of the active features' rows, which costs their number times the width.
    ///
    /// - Shapes: `directions` `[N, O]`, `bias` `[O]`; result `[R, O]`.
    public func applied(to directions: Tensor, bias: Tensor? = nil) -> Tensor {
        require(
            directions.shape.count == 2 && directions.shape[0] == features,
            "activations of \(features) features cannot be applied to directions \(directions.shape)")
        let width = directions.shape[1]
        require(bias.map { $0.shape == [width] } ?? true, "a bias for width \(width) has another shape")
        let biases = bias?.elements ?? [Float](repeating: 0, count: width)
        return Tensor(shape: [rows, width]) { target in
            directions.withUnsafeElements { rowsOfDirections in
                guard let to = target.baseAddress, let from = rowsOfDirections.baseAddress else { return }
                forEachChunk(of: rows, size: 16) { chunk in
                    for row in chunk {
                        let result = to + row * width
                        result.initialize(from: biases, count: width)
                        for entry in entries(of: row) {
                            plumb_axpy(result, values[entry], from + Int(indices[entry]) * width, width)
                        }
                    }
                }
            }
        }
    }

    /// What `select` appends for each row of dense values, `[R, N]`; rows are shared among the threads.
    static func selected(
        from dense: Tensor, _ select: (UnsafeBufferPointer<Float>, inout [Int32], inout [Float]) -> Void
    ) -> SparseActivations {
        let (rows, features) = (dense.shape[0], dense.shape[1])
        let chunk = 32
        var parts = [(counts: [Int], indices: [Int32], values: [Float])](
            repeating: ([], [], []), count: (rows + chunk - 1) / chunk)
        dense.withUnsafeElements { elements in
            parts.withUnsafeMutableBufferPointer { parts in
                let (elements, parts) = (elements, parts)
                forEachChunk(of: rows, size: chunk) { range in
                    var part: (counts: [Int], indices: [Int32], values: [Float]) = ([], [], [])
                    for row in range {
                        let start = part.indices.count
                        select(
                            UnsafeBufferPointer(rebasing: elements[row * features..<(row + 1) * features]),
                            &part.indices, &part.values)
                        part.counts.append(part.indices.count - start)
                    }
                    parts[range.lowerBound / chunk] = part
                }
            }
        }
        var offsets = [0]
        offsets.reserveCapacity(rows + 1)
        for count in parts.lazy.flatMap(\.counts) { offsets.append(offsets[offsets.count - 1] + count) }
        return SparseActivations(
            unchecked: features, offsets: offsets, indices: Array(parts.lazy.map(\.indices).joined()),
            values: Array(parts.lazy.map(\.values).joined()))
    }

    private init(unchecked features: Int, offsets: [Int], indices: [Int32], values: [Float]) {
        (self.features, self.offsets, self.indices, self.values) = (features, offsets, indices, values)
    }
}
