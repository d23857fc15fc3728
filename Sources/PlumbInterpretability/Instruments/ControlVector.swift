public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbNN
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

    /// A text that a direction is read from.
    public struct Text: Sendable, Equatable {
        /// The whole text.
        public let tokens: [Int]
        /// The positions at which the residual stream is read.
        public let read: Range<Int>

        /// A text and the positions that are read.
        ///
        /// - Precondition: the text has them, and there is at least one.
        public init(_ tokens: [Int], read: Range<Int>) {
            require(
                !read.isEmpty && read.lowerBound >= 0 && read.upperBound <= tokens.count,
                "a text of \(tokens.count) tokens cannot be read at positions \(read)")
            (self.tokens, self.read) = (tokens, read)
        }
    }

    /// The difference of means: of each layer, what the residual stream is on average at the last token of the positive
    /// texts, less that of the negative ones.
    ///
    /// - Parameters:
    ///   - positive: texts that show what should become more frequent, as tokens.
    ///   - negative: texts that show the opposite.
    /// - Throws: `ModelError` for texts that the model cannot read, and for none.
    public init(_ model: HookedTransformer, positive: [[Int]], negative: [[Int]]) throws {
        for tokens in positive + negative { try model.check(tokens) }
        try self.init(
            model, positive: positive.map { Text($0, read: $0.count - 1..<$0.count) },
            negative: negative.map { Text($0, read: $0.count - 1..<$0.count) })
    }

    /// The difference of means: of each layer, what the residual stream is on average at the positions read of the positive
    /// texts, less that of the negative ones. Each text counts alike, however many of its positions are read.
    ///
    /// - Throws: `ModelError` for texts that the model cannot read, and for none.
    public init(_ model: HookedTransformer, positive: [Text], negative: [Text]) throws {
        guard !positive.isEmpty, !negative.isEmpty else {
            throw ModelError("a control vector needs at least one positive and one negative text")
        }
        let (more, less) = (try Self.means(model, positive), try Self.means(model, negative))
        let differences = (0..<model.configuration.layers).map { ($0, more[$0] - less[$0]) }
        self.init(Dictionary(uniqueKeysWithValues: differences), modelHint: model.configuration.architecture.rawValue)
    }

    private static func means(_ model: HookedTransformer, _ texts: [Text]) throws -> [Tensor] {
        let points = (0..<model.configuration.layers).map { HookPoint.block($0, .residPost) }
        var sums: [Tensor] = []
        for text in texts {
            try model.check(text.tokens)
            let cache = model.run(text.tokens, recording: .points(Set(points))).cache
            let means = try points.map { point in
                guard let stream = cache[point] else { throw ModelError("\(model.name) did not show \(point)") }
                let value = text.read.count == 1 ? stream[text.read.lowerBound] : stream[text.read].mean(axis: 0)
                try model.requireNumbers(value)
                return value
            }
            sums = sums.isEmpty ? means : zip(sums, means).map { $0 + $1 }
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
            return .steer(.block(layer, .residPost), by: direction, scale: scale, positions: positions)
        }
    }

    /// Interventions that remove one direction wherever the residual stream of a model is written: directional ablation
    /// (Arditi, Obeso, Syed, Paleka, Panickssery, Gurnee, Nanda 2024, arXiv:2406.11717).
    ///
    /// - Parameter layer: the layer whose direction is removed, in all layers.
    /// - Throws: `ModelError` for a layer without a direction or whose direction is 0, and for another width.
    public func ablations(_ model: HookedTransformer, layer: Int) throws -> [Intervention] {
        guard let direction = directions[layer] else { throw ModelError("the vector has no layer \(layer)") }
        guard direction.count == model.configuration.width, direction.norm() > 0 else {
            throw ModelError(
                "a direction of \(direction.count) features and length \(direction.norm()) cannot be removed from "
                    + "\(model.name), whose width is \(model.configuration.width)")
        }
        return (0..<model.configuration.layers).flatMap { layer in
            [Site.residPre, .residMid, .residPost].map { HookPoint.block(layer, $0) }
        }.filter(model.hookPoints.contains).map { .projectOut($0, direction) }
    }

    /// The vector with directions of the same lengths that are drawn: all being equally likely, or from a normal
    /// distribution with the covariance of activations, which are the directions in which a layer varies.
    ///
    /// - Parameters:
    ///   - activations: of each layer `[M, D]`, M above 1; nil for directions that are all equally likely.
    ///   - key: of the draw; layers draw alike from their activations.
    /// - Precondition: every layer of the vector has activations, where there are any.
    public func random(withCovarianceOf activations: [Int: Tensor]? = nil, key: RandomKey) -> ControlVector {
        ControlVector(
            Dictionary(
                uniqueKeysWithValues: directions.map { layer, direction in
                    let drawn: Tensor
                    if let activations {
                        guard let rows = activations[layer], rows.shape[0] > 1, rows.shape[1] == direction.count else {
                            unmet("layer \(layer) has activations [M, \(direction.count)], M above 1")
                        }
                        // Sums of the centered rows with independent normal weights have the rows' covariance.
                        let centered = rows - rows.mean(axis: 0, keepingAxis: true)
                        drawn = Tensor.normal([1, rows.shape[0]], key: key["weights"]).matmul(centered)[0]
                    } else {
                        drawn = Tensor.normal([direction.count], key: key[layer])
                    }
                    return (layer, drawn * Float(direction.norm() / max(drawn.norm(), 1e-30)))
                }), modelHint: modelHint)
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
