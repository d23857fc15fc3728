internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

/// Takes a model's weights out of a file by name, refusing any whose shape is not the one the configuration promises.
struct WeightReader {
    let source: any TensorSource

    func contains(_ name: String) -> Bool { source.contains(name) }

    /// Refuses weights of more layers than the configuration promises: a model without its last ones would be another.
    func checkLayers(_ prefix: String, _ layers: Int) throws {
        guard let name = source.names.first(where: { $0.hasPrefix("\(prefix)\(layers).") }) else { return }
        throw ModelError("the weights hold \(name), but the configuration has \(layers) layers, counted from 0")
    }

    /// A stored tensor of exactly `shape`.
    func stored(_ name: String, _ shape: [Int]) throws -> StoredTensor {
        let tensor = try source.tensor(name)
        guard tensor.shape == shape else {
            throw ModelError("\(name) has shape \(tensor.shape), but the configuration needs \(shape)")
        }
        return tensor
    }

    /// A vector in float32.
    func vector(_ name: String, _ count: Int) throws -> Tensor { try stored(name, [count]).dequantized() }

    /// A vector that a model may lack.
    func vector(ifPresent name: String, _ count: Int) throws -> Tensor? {
        contains(name) ? try vector(name, count) : nil
    }

    /// A linear layer whose weight is stored `[outputs, inputs]`, with its bias where the file has one.
    func linear(_ name: String, outputs: Int, inputs: Int) throws -> Linear {
        Linear(
            weight: Weight(try stored("\(name).weight", [outputs, inputs])),
            bias: try vector(ifPresent: "\(name).bias", outputs))
    }

    /// Layers of the same inputs stacked into one, `names` with their outputs. A missing bias beside present ones
    /// counts as zero.
    func stacked(_ layers: [(name: String, outputs: Int)], inputs: Int) throws -> Linear {
        let parts = try layers.map { Weight.Part.stored(try stored("\($0.name).weight", [$0.outputs, inputs])) }
        let biases = try layers.map { try vector(ifPresent: "\($0.name).bias", $0.outputs) }
        return Linear(weight: Weight(parts), bias: WeightReader.joined(biases, layers.map(\.outputs)))
    }

    /// Biases one after another, or nil if there is none.
    static func joined(_ biases: [Tensor?], _ counts: [Int]) -> Tensor? {
        guard biases.contains(where: { $0 != nil }) else { return nil }
        return Tensor.concatenated(zip(biases, counts).map { $0 ?? .zeros([$1]) })
    }
}
