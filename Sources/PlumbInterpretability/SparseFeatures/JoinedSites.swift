internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Activations of several hook points side by side, each brought to one scale: what a crosscoder reads and writes (Lindsey,
/// Templeton, Marcus, Conerly, Batson, Olah, "Sparse Crosscoders for Cross-Layer Features and Model Diffing", 2024), and
/// where the features of a cross-layer transcoder stand.
///
/// ```swift
/// let sites = JoinedSites([.block(3, .residPost), .block(6, .residPost)], rows: [first, second])
/// try trainer.step(SparseBatch(sites.joined([first, second])))
/// let decoders = sites.decoders(of: try trainer.dictionary(input: sites.points[0]))
/// ```
public struct JoinedSites: Sendable, Equatable {
    /// The hook points, in the order of their columns.
    public let points: [HookPoint]
    /// The width of each.
    public let widths: [Int]
    /// What each is multiplied by, so that its mean length is the root of its width.
    public let scales: [Float]

    /// Hook points with rows that decide their scales.
    ///
    /// - Shapes: `rows` of `[R, D]`, one for each point.
    /// - Precondition: there are as many tensors as points, with equally many rows.
    public init(_ points: [HookPoint], rows: [Tensor]) {
        require(
            points.count == rows.count && !rows.isEmpty && rows.allSatisfy { $0.shape.count == 2 },
            "\(points.count) hook points need as many tensors [R, D], got \(rows.map(\.shape))")
        self.points = points
        widths = rows.map { $0.shape[1] }
        scales = rows.map { rows in
            let lengths = rows.squared().summed(axis: 1).squareRoot().elements
            let mean = lengths.reduce(0) { $0 + Double($1) } / Double(max(1, lengths.count))
            return mean > 0 ? Float(Double(rows.shape[1]).squareRoot() / mean) : 1
        }
    }

    /// The columns of a hook point.
    public func columns(of index: Int) -> Range<Int> {
        let first = widths[..<index].reduce(0, +)
        return first..<first + widths[index]
    }

    /// The rows side by side, scaled.
    ///
    /// - Shapes: `rows` of `[R, D]`, one for each point; result `[R, Σ D]`.
    public func joined(_ rows: [Tensor]) -> Tensor {
        require(
            rows.map { $0.shape.last ?? 0 } == widths, "sites of widths \(widths) got rows \(rows.map(\.shape))")
        return Tensor.concatenated(zip(rows, scales).map { $0 * $1 }, axis: 1)
    }

    /// Each hook point's directions of a dictionary's features, at the scale of its activations.
    ///
    /// - Shapes: results `[N, D]`.
    public func decoders(of dictionary: SparseDictionary) -> [Tensor] {
        require(
            dictionary.outputWidth == widths.reduce(0, +),
            "sites of widths \(widths) are not the output of width \(dictionary.outputWidth)")
        return points.indices.map { dictionary.decoder.columns(columns(of: $0)) / scales[$0] }
    }

    /// How a feature's direction is shared among the hook points: squared lengths as shares of their sum. A feature of one
    /// site alone has 1 there.
    public func shares(of dictionary: SparseDictionary) -> [[Double]] {
        let squares = points.indices.map { index in
            dictionary.decoder.columns(columns(of: index)).squared().summed(axis: 1).elements.map(Double.init)
        }
        return (0..<dictionary.features).map { feature in
            let total = squares.reduce(0) { $0 + $1[feature] }
            return squares.map { total > 0 ? $0[feature] / total : 0 }
        }
    }

    /// The windows of a cross-layer transcoder with so many features a hook point: those of one read it and write the same
    /// place of the output and all later ones.
    ///
    /// - Parameter outputs: the sites written to, as many as these.
    public func crossLayerWindows(features: Int, outputs: JoinedSites) -> [SparseWindow] {
        require(outputs.points.count == points.count, "a cross-layer transcoder writes as many sites as it reads")
        return points.indices.map { index in
            SparseWindow(
                features: index * features..<(index + 1) * features, reads: columns(of: index),
                writes: outputs.columns(of: index).lowerBound..<outputs.widths.reduce(0, +))
        }
    }
}
