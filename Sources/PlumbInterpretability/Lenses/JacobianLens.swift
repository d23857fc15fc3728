public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbTensor

/// A logit lens behind each layer's average Jacobian: what a small change of the stream that enters a layer does to the
/// stream that leaves the last, on average over texts (Gurnee et al. 2026, *Verbalizable Representations Form a Global
/// Workspace in Language Models*).
///
/// `J_l = E[1/|V| Σ_t Σ_{t' ≥ t} ∂h_L,t' / ∂h_l,t]`, where t and t' run over the positions V of a text but some at its
/// beginning and its last one: the effects on all later positions are added, and the positions that are changed, and the
/// texts, are averaged. `J_L` is the identity.
public struct JacobianLens: ResidualTranslator, Equatable {
    /// `J` of what enters each layer, from 0, and the identity for what leaves the last: `[D, D]` each.
    public let jacobians: [Tensor]
    /// What the lens is called, for titles.
    public var title: String { "Jacobian lens" }

    /// The average over texts.
    ///
    /// - Parameters:
    ///   - model: the model, of L layers and width D.
    ///   - texts: what it reads.
    ///   - skipped: how many positions at the beginning of each text are left out; models use them as a place to rest.
    ///   - rows: how many rows of the Jacobian a pass computes.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for no texts, or a text that the model cannot read or that is too short; what `progress`
    ///   throws.
    /// - Complexity: for each text `D / rows` passes forward and back over `rows` copies of it.
    public init(
        _ model: HookedTransformer, texts: [[Int]], skipped: Int = 16, rows: Int = 16,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        require(skipped >= 0 && rows > 0, "a Jacobian skips 0 or more positions and takes 1 or more rows at a time")
        guard !texts.isEmpty else { throw ModelError("a Jacobian lens is made from at least one text") }
        for text in texts {
            try model.check(text)
            guard text.count > skipped + 1 else {
                throw ModelError(
                    "a text of \(text.count) tokens is too short for a Jacobian lens that skips the first \(skipped) and "
                        + "the last")
            }
        }
        let (width, count) = (model.configuration.width, model.configuration.layers + 1)
        var sums = [Tensor](repeating: .zeros([width, width]), count: count)
        for (index, text) in texts.enumerated() {
            var parts = [[Tensor]](repeating: [], count: count)
            for first in stride(from: 0, to: width, by: rows) {
                try progress((Double(index) + Double(first) / Double(width)) / Double(texts.count))
                let found = Self.rows(first..<min(first + rows, width), model, text, skipped..<text.count - 1)
                for layer in parts.indices { parts[layer].append(found[layer]) }
            }
            for layer in sums.indices { sums[layer].add(Tensor.concatenated(parts[layer])) }
        }
        for sum in sums { try model.requireNumbers(sum) }
        jacobians = sums.map { $0 / Float(texts.count) }
    }

    /// Some rows of one text's Jacobians, `[R, D]` for each layer.
    private static func rows(
        _ dimensions: Range<Int>, _ model: HookedTransformer, _ text: [Int], _ positions: Range<Int>
    ) -> [Tensor] {
        let (layers, width) = (model.configuration.layers, model.configuration.width)
        let (count, length) = (dimensions.count, text.count)
        return Differentiation.run { differentiation in
            // What is added to each stream is 0; the gradient there is that of the stream.
            let nothing = (0...layers).map { _ in differentiation.watched(Tensor.zeros([count, length, width])) }
            let last = HookPoint.block(layers - 1, .residPost)
            let points = (0..<layers).map { HookPoint.block($0, .residPre) } + [last]
            let changes = zip(points, nothing).map { point, zero in
                Intervention("watch", at: point) { value in value + zero }
            }
            let cache = model.run(
                batch: Array(repeating: text, count: count), with: changes, recording: .only(last)
            ).cache
            guard let final = cache[last] else { unmet("\(model.name) shows \(last)") }
            let seed = Tensor(shape: [count, length, width]) { values in
                values.update(repeating: 0)
                for (row, dimension) in dimensions.enumerated() {
                    for position in positions { values[(row * length + position) * width + dimension] = 1 }
                }
            }
            return differentiation.gradients(of: final, seed: seed, at: nothing).map { gradient in
                let sources = gradient.detached().swappingLeadingAxes()[positions]
                return sources.summed(axis: 0) * (1 / Float(positions.count))
            }
        }
    }

    /// The stream that enters a layer in the basis of the last; see ``ResidualTranslator/translated(_:layer:)``.
    public func translated(_ residual: Tensor, layer: Int) -> Tensor {
        require(
            jacobians.indices.contains(layer),
            "a \(title) of \(jacobians.count - 1) layers reads no stream that enters \(layer)")
        return residual.matmul(transposed: jacobians[layer])
    }

    /// Refuses a model of other sizes.
    ///
    /// - Throws: `ModelError` naming both.
    public func check(_ model: HookedTransformer) throws {
        try LensFile.check(
            model, title: title, layers: jacobians.count - 1, width: jacobians.first?.shape[0] ?? 0)
    }
}

extension JacobianLens {
    private static let kind = "jacobian-lens"
    private static func name(_ layer: Int) -> String { "jacobian.\(layer)" }

    /// Writes the lens as a safetensors file with a tensor `jacobian.N` for what enters each layer, and for what leaves the
    /// last.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL) throws {
        try LensFile.write(
            jacobians.enumerated().map { (Self.name($0), $1) }, kind: Self.kind, width: jacobians.first?.shape[0] ?? 0,
            to: url)
    }

    /// Reads a lens that ``write(to:)`` wrote.
    ///
    /// - Throws: `FileError` for a file that is no safetensors file; `ModelError` for one that holds no Jacobian lens.
    public init(contentsOf url: URL) throws {
        let file = try LensFile.read(url, kind: Self.kind)
        guard file.names.count > 1 else { throw ModelError("\(url.path) holds no layer of a Jacobian lens") }
        let width = try LensFile.width(of: Self.name(0), in: file)
        jacobians = try (0..<file.names.count).map {
            try LensFile.tensor(Self.name($0), shape: [width, width], in: file)
        }
    }
}
