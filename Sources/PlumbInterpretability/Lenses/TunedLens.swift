public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbTensor

/// A logit lens with an affine map before it for each layer, `h + W h + b`, trained so that what it says is near to what the
/// model says in the end: Belrose, Furman, Smith, Halawi, Ostrovsky, McKinney, Biderman, Steinhardt (2023), *Eliciting
/// Latent Predictions from Transformers with the Tuned Lens*, arXiv:2303.08112.
///
/// What leaves the last layer is read as it is. The map of each layer is the identity before training, so that an untrained
/// lens is the logit lens.
public struct TunedLens: ResidualTranslator, Equatable {
    /// One layer's map.
    public struct Map: ParameterTree, Sendable, Equatable {
        /// `[D, D]`, which multiplies the stream as `h Wᵀ`.
        public var weight: Tensor
        /// `[D]`
        public var bias: Tensor

        /// The identity for streams of a width.
        public init(width: Int) { (weight, bias) = (.zeros([width, width]), .zeros([width])) }

        init(weight: Tensor, bias: Tensor) { (self.weight, self.bias) = (weight, bias) }

        /// - Shapes: `residual` and result `[R, D]`.
        public func callAsFunction(_ residual: Tensor) -> Tensor {
            residual + residual.matmul(transposed: weight) + bias
        }

        public mutating func visit(_ visitor: inout ParameterVisitor) {
            visitor("weight", &weight)
            visitor("bias", &bias)
        }
    }

    /// The map of what enters each layer, from 0.
    public var maps: [Map]
    /// What the lens is called, for titles.
    public var title: String { "tuned lens" }

    /// A lens that changes nothing.
    ///
    /// - Parameters:
    ///   - layers: the number of layers of the model, L.
    ///   - width: the width of its residual stream, D.
    public init(layers: Int, width: Int) { maps = (0..<layers).map { _ in Map(width: width) } }

    /// The stream that enters a layer in the basis of the last; see ``ResidualTranslator/translated(_:layer:)``.
    public func translated(_ residual: Tensor, layer: Int) -> Tensor {
        require(
            (0...maps.count).contains(layer), "a \(title) of \(maps.count) layers reads no stream that enters \(layer)")
        return layer < maps.count ? maps[layer](residual) : residual
    }

    /// Refuses a model of other sizes.
    ///
    /// - Throws: `ModelError` naming both.
    public func check(_ model: HookedTransformer) throws {
        try LensFile.check(model, title: title, layers: maps.count, width: maps.first?.bias.count ?? 0)
    }
}

extension TunedLens {
    private static let kind = "tuned-lens"
    private static func name(_ layer: Int, _ part: String) -> String { "layer_translators.\(layer).\(part)" }

    /// Writes the lens as a safetensors file, whose tensors have the names of the published implementation:
    /// `layer_translators.0.weight`, `layer_translators.0.bias` and so on.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL) throws {
        try LensFile.write(
            maps.enumerated().flatMap { layer, map in
                [(Self.name(layer, "weight"), map.weight), (Self.name(layer, "bias"), map.bias)]
            }, kind: Self.kind, width: maps.first?.bias.count ?? 0, to: url)
    }

    /// Reads a lens that ``write(to:)`` wrote.
    ///
    /// - Throws: `FileError` for a file that is no safetensors file; `ModelError` for one that holds no tuned lens.
    public init(contentsOf url: URL) throws {
        let file = try LensFile.read(url, kind: Self.kind)
        let layers = file.names.count { $0.hasSuffix(".weight") }
        guard layers > 0 else { throw ModelError("\(url.path) holds no layer of a tuned lens") }
        let width = try LensFile.width(of: Self.name(0, "weight"), in: file)
        maps = try (0..<layers).map { layer in
            Map(
                weight: try LensFile.tensor(Self.name(layer, "weight"), shape: [width, width], in: file),
                bias: try LensFile.tensor(Self.name(layer, "bias"), shape: [width], in: file))
        }
    }
}
