public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbTensor

/// A direction of the residual stream for each layer, which steers what a model writes when it is added: a control vector,
/// or steering vector (Turner et al. 2023, arXiv:2308.10248; Rimsky et al. 2023, arXiv:2312.06681).
///
/// Files are those of llama.cpp: GGUF of the architecture `controlvector`, whose tensor `direction.N` is added to the
/// residual stream that leaves block N, N from 1 on.
public struct ControlVector: Sendable, Equatable {
    /// The direction of each layer, `[D]`; added to the residual stream that leaves the block of that number, from 0.
    public var directions: [Int: Tensor]
    /// What family of models it was made for, as GGUF files name it; empty where unknown.
    public var modelHint: String

    /// A vector of given directions.
    ///
    /// - Precondition: all have one shape `[D]`.
    public init(_ directions: [Int: Tensor], modelHint: String = "") {
        require(
            Set(directions.values.map(\.shape)).count <= 1 && directions.values.allSatisfy { $0.shape.count == 1 },
            "the directions of a control vector have one shape [D], got \(directions.values.map(\.shape))")
        (self.directions, self.modelHint) = (directions, modelHint)
    }

    /// The difference of means: of each layer, what the residual stream is on average at the last token of the positive
    /// texts, less that of the negative ones.
    ///
    /// - Parameters:
    ///   - positive: texts that show what should become more frequent, as tokens.
    ///   - negative: texts that show the opposite.
    /// - Throws: `ModelError` for texts that the model cannot read, and for none.
    public init(_ model: HookedTransformer, positive: [[Int]], negative: [[Int]]) throws {
        guard !positive.isEmpty, !negative.isEmpty else {
            throw ModelError("a control vector needs at least one positive and one negative text")
        }
        let (more, less) = (try Self.means(model, positive), try Self.means(model, negative))
        let differences = (0..<model.configuration.layers).map { ($0, more[$0] - less[$0]) }
        self.init(Dictionary(uniqueKeysWithValues: differences), modelHint: model.configuration.architecture.rawValue)
    }

    private static func means(_ model: HookedTransformer, _ texts: [[Int]]) throws -> [Tensor] {
        let points = (0..<model.configuration.layers).map { HookPoint.block($0, .residPost) }
        var sums: [Tensor] = []
        for tokens in texts {
            try model.check(tokens)
            let cache = model.run(tokens, recording: .points(Set(points))).cache
            let last = try points.map { point in
                guard let value = cache[point]?[tokens.count - 1] else {
                    throw ModelError("\(model.name) did not show \(point)")
                }
                try model.requireNumbers(value)
                return value
            }
            sums = sums.isEmpty ? last : zip(sums, last).map { $0 + $1 }
        }
        return sums.map { $0 / Float(texts.count) }
    }

    /// Interventions that add the vector while a model runs or generates.
    ///
    /// - Parameters:
    ///   - scale: what directions are multiplied by; negative steers the other way.
    ///   - layers: where; nil for every layer that has a direction.
    ///   - positions: the positions of the text at which it is added; nil for all.
    /// - Throws: `ModelError` for a layer without a direction or that the model lacks, and for another width.
    public func interventions(
        _ model: HookedTransformer, scale: Float = 1, layers: [Int]? = nil, positions: Range<Int>? = nil
    ) throws -> [Intervention] {
        let width = model.configuration.width
        let chosen = layers ?? directions.keys.filter { $0 < model.configuration.layers }.sorted()
        return try chosen.map { layer in
            guard let direction = directions[layer] else { throw ModelError("the vector has no layer \(layer)") }
            guard (0..<model.configuration.layers).contains(layer) else {
                throw ModelError("\(model.name) has \(model.configuration.layers) layers, no layer \(layer)")
            }
            guard direction.count == width else {
                throw ModelError(
                    "the vector was made for a model of width \(direction.count); \(model.name) has \(width)")
            }
            let step = direction * scale
            return Intervention("steer", at: .block(layer, .residPost)) { value, context in
                guard let positions else { return (value.reshaped([-1, width]) + step).reshaped(value.shape) }
                let mask = context.positions.map { positions.contains($0) ? Float(1) : 0 }
                let rows = value.reshaped([-1, width])
                let weights = Tensor((0..<rows.shape[0]).map { mask[$0 % mask.count] }, shape: [rows.shape[0], 1])
                return (rows + weights * step.reshaped([1, width])).reshaped(value.shape)
            }
        }
    }

    /// Reads a control vector of llama.cpp.
    ///
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf url: URL) throws {
        let file = try GGUFFile(contentsOf: url)
        guard case .string("controlvector")? = file.metadata["general.architecture"] else {
            throw FileError("\(url.path) is not a control vector: its general.architecture is not controlvector")
        }
        var directions: [Int: Tensor] = [:]
        for name in file.names {
            guard name.hasPrefix("direction."), let layer = Int(name.dropFirst("direction.".count)), layer > 0 else {
                throw FileError("\(url.path): tensor \(name) is not a direction of a layer from 1 on")
            }
            let direction = try file.tensor(name).dequantized()
            guard direction.isFinite else { throw FileError("\(url.path): \(name) holds what is not a number") }
            directions[layer] = direction.reshaped([direction.count])
        }
        guard !directions.isEmpty, Set(directions.values.map(\.count)).count == 1 else {
            throw FileError("\(url.path): the directions of a control vector have one width, and there is at least one")
        }
        guard case .string(let hint)? = file.metadata["controlvector.model_hint"] else {
            self.init(directions)
            return
        }
        self.init(directions, modelHint: hint)
    }

    /// Writes a file that llama.cpp reads; it has no place for layer 0, which is left out.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL) throws {
        var writer = GGUFWriter()
        let layers = directions.keys.filter { $0 > 0 }.sorted()
        writer.add("general.architecture", .string("controlvector"))
        writer.add("controlvector.model_hint", .string(modelHint))
        writer.add("controlvector.layer_count", .uint32(UInt32(layers.last ?? 0)))
        for layer in layers { if let direction = directions[layer] { writer.add("direction.\(layer)", direction) } }
        try writer.write(to: url)
    }
}
