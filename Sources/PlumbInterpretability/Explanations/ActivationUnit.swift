public import PlumbModels
public import PlumbTensor

/// A number that a model computes at each token, read at one hook point: a neuron, a direction, a sparse feature.
public struct ActivationUnit: Sendable {
    /// What the unit is called in tables.
    public let name: String
    /// Where it is read.
    public let point: HookPoint
    private let read: @Sendable (Tensor) throws -> [Double]

    /// A unit that `read` computes from the activation at `point`: for a latent of a sparse autoencoder, its encoder.
    ///
    /// - Parameter read: from the activation of a text, `[T, …]`, to a number for each of the T tokens.
    public init(_ name: String, at point: HookPoint, read: @escaping @Sendable (Tensor) throws -> [Double]) {
        (self.name, self.point, self.read) = (name, point, read)
    }

    /// A neuron of the MLP of a block, after its nonlinearity.
    public static func neuron(_ index: Int, block: Int) -> ActivationUnit {
        coordinate(index, at: .block(block, .mlpPost), name: "neuron \(block).\(index)")
    }

    /// One coordinate of an activation `[T, D]`.
    public static func coordinate(_ index: Int, at point: HookPoint, name: String? = nil) -> ActivationUnit {
        ActivationUnit(name ?? "\(point) \(index)", at: point) { value in
            let width = value.shape.last ?? 0
            guard (0..<width).contains(index) else {
                throw ModelError("\(point) has \(width) coordinates, counted from 0: there is no \(index)")
            }
            let elements = value.elements
            return stride(from: index, to: elements.count, by: width).map { Double(elements[$0]) }
        }
    }

    /// The part of an activation `[T, D]` along a direction `[D]`, of whatever length it has.
    public static func direction(_ direction: Tensor, at point: HookPoint, name: String) -> ActivationUnit {
        ActivationUnit(name, at: point) { value in
            guard direction.shape.count == 1, value.shape.last == direction.count else {
                throw ModelError("\(point) of shape \(value.shape) has no direction of shape \(direction.shape)")
            }
            return value.reshaped([-1, direction.count])
                .matmul(transposed: direction.reshaped([1, direction.count])).elements.map(Double.init)
        }
    }

    /// The records of units on texts; a text is read once for all of them.
    ///
    /// - Parameters:
    ///   - texts: tokens of each text.
    ///   - skipped: how many tokens at the beginning of each text are read but left out of the records. Many models
    ///     attend to the first token where there is nothing to attend to, and its activations are of another size.
    ///   - spelling: the text of a token; by default the model's.
    ///   - checkpoint: called between texts.
    /// - Returns: for each unit a record for each text.
    /// - Throws: `ModelError` for a unit that the model lacks or a text that it cannot read; what `checkpoint` throws.
    public static func records(
        of units: [ActivationUnit], in model: HookedTransformer, texts: [[Int]], skipping skipped: Int = 0,
        spelling: ((Int) -> String)? = nil, checkpoint: () throws -> Void = {}
    ) throws -> [[ActivationRecord]] {
        let known = Set(model.hookPoints)
        if let odd = units.first(where: { !known.contains($0.point) }) {
            throw ModelError("\(model.name) has no hook point \(odd.point)")
        }
        let recording = Recording.points(Set(units.map(\.point)))
        var records: [[ActivationRecord]] = units.map { _ in [] }
        for text in texts {
            try checkpoint()
            try model.check(text)
            let cache = model.run(text, recording: recording).cache
            let tokens = text.dropFirst(skipped).map(spelling ?? model.string(of:))
            for (index, unit) in units.enumerated() {
                guard let value = cache[unit.point] else {
                    throw ModelError("\(model.name) did not show \(unit.point)")
                }
                try model.requireNumbers(value)
                let activations = try unit.read(value)
                guard activations.count == text.count else {
                    throw ModelError(
                        "\(unit.name) gives \(activations.count) activations for a text of \(text.count) tokens")
                }
                records[index].append(
                    ActivationRecord(tokens: tokens, activations: Array(activations.dropFirst(skipped))))
            }
        }
        return records
    }
}
