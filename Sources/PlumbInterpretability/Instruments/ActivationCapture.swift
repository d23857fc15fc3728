public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbTensor

/// Activations of texts as one file, safetensors or NumPy's `.npz`, written while the texts are read, so that it may be larger
/// than memory.
///
/// The file holds a tensor for each hook point under TransformerLens's name, with a row for each captured position, text by
/// text; and beside them, as whole numbers, a row each: `tokens`, `positions` (of the token in its text) and `texts` (which
/// text it is, from 0). The model's name, the texts' number and the hook points stand in the metadata (`metadata.json` in an
/// `.npz`).
public struct ActivationCapture: Sendable {
    /// Which positions of each text are kept.
    public enum Positions: Sendable, Equatable {
        /// All of them.
        case all
        /// The last.
        case last
        /// These, from 0; texts that are shorter are refused.
        case at([Int])
    }

    /// What is captured: sites of some layers, in the order of a forward pass.
    public let points: [HookPoint]
    /// Which positions are kept.
    public let positions: Positions

    /// Sites of some layers.
    ///
    /// - Throws: `ModelError` for a hook point that the model lacks, and for attention maps, whose size depends on the text.
    public init(
        _ model: HookedTransformer, sites: [Site], layers: [Int], positions: Positions = .all
    ) throws {
        let known = model.hookPoints
        let outside = sites.map(HookPoint.outside).filter(known.contains)
        let inside = layers.flatMap { layer in sites.map { HookPoint.block(layer, $0) } }
        for site in sites where !outside.contains(.outside(site)) {
            for layer in layers where !known.contains(.block(layer, site)) {
                throw ModelError("\(model.name) has no hook point \(HookPoint.block(layer, site))")
            }
        }
        if let map = sites.first(where: { [.attnScores, .pattern].contains($0) }) {
            throw ModelError("\(map.shortName) has as many columns as a text has tokens: capture z or result instead")
        }
        let requested = Set(outside + inside)
        points = known.filter(requested.contains)
        self.positions = positions
    }

    /// Runs the model over texts and writes their activations.
    ///
    /// - Parameters:
    ///   - texts: tokens of each text.
    ///   - url: the file, whose extension decides its format.
    ///   - progress: called with the share that is done; may throw to end the capture, which then leaves no file.
    /// - Throws: `ModelError` for a text that the model cannot read or that lacks a position, `FileError` when the file
    ///   cannot be written, and what `progress` throws.
    public func run(
        _ model: HookedTransformer, texts: [[Int]], to url: URL, progress: (Double) throws -> Void = { _ in }
    ) throws {
        guard !texts.isEmpty else { throw ModelError("there is no text to capture activations of") }
        let kept = try texts.enumerated().map { index, tokens in try positions(of: tokens, index, model) }
        let rows = kept.reduce(0) { $0 + $1.count }
        let probe = model.run([texts[0][0]], recording: .points(Set(points))).cache
        let entries = try points.map { point in
            guard let shape = probe[point]?.shape else { throw ModelError("\(model.name) did not show \(point)") }
            return TensorStream.Entry(point.description, shape: [rows] + shape.dropFirst())
        }
        let file = try TensorStream(
            url,
            metadata: [
                "format": "plumbline-activations", "model": model.name, "texts": "\(texts.count)",
                "quantized": "\(model.isQuantized)", "points": points.map(\.description).joined(separator: " "),
            ], entries + ["tokens", "positions", "texts"].map { .init($0, shape: [rows], isInteger: true) })
        var row = 0
        for (index, tokens) in texts.enumerated() {
            let places = kept[index]
            let cache = model.run(tokens, recording: .points(Set(points))).cache
            for point in points {
                guard let value = cache[point] else { throw ModelError("\(model.name) did not show \(point)") }
                try model.requireNumbers(value)
                try file.write(places.count == tokens.count ? value : value.gathered(places), to: "\(point)", from: row)
            }
            try file.write(places.map { tokens[$0] }, to: "tokens", from: row)
            try file.write(places, to: "positions", from: row)
            try file.write([Int](repeating: index, count: places.count), to: "texts", from: row)
            row += places.count
            try progress(Double(index + 1) / Double(texts.count))
        }
        try file.finish()
    }

    private func positions(of tokens: [Int], _ index: Int, _ model: HookedTransformer) throws -> [Int] {
        do { try model.check(tokens) } catch { throw ModelError("text \(index + 1): \(error)") }
        switch positions {
        case .all: return Array(tokens.indices)
        case .last: return [tokens.count - 1]
        case .at(let places):
            if let bad = places.first(where: { !tokens.indices.contains($0) }) {
                throw ModelError("text \(index + 1) has \(tokens.count) tokens, no position \(bad)")
            }
            return places
        }
    }
}
