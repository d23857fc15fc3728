internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// A unit of a network that images are made for: a channel, a neuron or a direction of an activation.
public struct VisualizedUnit: Sendable, Hashable {
    /// What of the activation.
    public enum Part: Sendable, Hashable {
        /// One channel, its mean over all positions; of an activation without positions, one neuron.
        case channel(Int)
        /// One channel at one position.
        case neuron(channel: Int, row: Int, column: Int)
        /// The product with a vector `[C]`, its mean over all positions.
        case direction([Float])
        /// The soft maximum of several channels, `T log Σ exp(a / T)`, its mean over all positions: responds to what any of
        /// them responds to. Its gradient is shared among the channels as their softmax at the temperature T > 0.
        case softMaximum([Int], temperature: Float)
    }

    /// Where the activation is, `[B, H, W, C]` or `[B, C]`.
    public let point: HookPoint
    /// What of it.
    public let part: Part

    /// A part of the activation at `point`.
    public init(_ part: Part, at point: HookPoint) { (self.part, self.point) = (part, point) }

    /// A channel of the activation at `point`.
    public static func channel(_ index: Int, at point: HookPoint) -> VisualizedUnit {
        VisualizedUnit(.channel(index), at: point)
    }

    /// The logit of a class.
    public static func logit(_ index: Int) -> VisualizedUnit { .channel(index, at: .logits) }

    /// The name of the node and the index, for example `conv2 5`; a direction has no index.
    public var title: String {
        let node = point.site.rawValue.replacing(".hook_out", with: "")
        return switch part {
        case .channel(let channel): "\(node) \(channel)"
        case .neuron(let channel, let row, let column): "\(node) \(channel) at \(row), \(column)"
        case .direction: "\(node) direction"
        case .softMaximum(let channels, _):
            "\(node) \(channels.map(String.init).joined(separator: " or "))"
        }
    }

    /// How strongly each image activates the unit.
    ///
    /// - Shapes: `activation` `[B, H, W, C]` or `[B, C]`; result `[B]`.
    public func values(_ activation: Tensor) -> Tensor {
        let shape = activation.shape
        guard let channels = shape.last, let batch = shape.first, batch > 0 else {
            unmet("a unit is part of an activation [B, …, C], got \(shape)")
        }
        let positions = activation.count / (batch * channels)
        let rows = activation.reshaped([batch * positions, channels])
        switch part {
        case .channel(let channel):
            return rows.columns(channel..<channel + 1).reshaped([batch, positions]).mean(axis: 1)
        case .neuron(let channel, let row, let column):
            let place = row * (shape.count == 4 ? shape[2] : 1) + column
            return rows.gathered((0..<batch).map { $0 * positions + place }).columns(channel..<channel + 1)
                .reshaped([batch])
        case .direction(let vector):
            return rows.matmul(Tensor(vector, shape: [channels, 1])).reshaped([batch, positions]).mean(axis: 1)
        case .softMaximum(let chosen, let temperature):
            return Self.softMaximum(of: chosen, temperature, rows).reshaped([batch, positions]).mean(axis: 1)
        }
    }

    /// The soft maximum of several columns of rows, `[R, C] -> [R, 1]`.
    private static func softMaximum(of channels: [Int], _ temperature: Float, _ rows: Tensor) -> Tensor {
        let columns = channels.map { rows.columns($0..<$0 + 1) }
        guard let first = columns.first else { unmet("the maximum of several channels is of one at least") }
        let others = columns.dropFirst()
        // Only differences from the greatest are raised to a power, so that no exponential overflows.
        let greatest = others.reduce(first) { Tensor.maximum($0, $1) }
        func power(_ column: Tensor) -> Tensor { ((column - greatest) * (1 / temperature)).exp() }
        return greatest + others.reduce(power(first)) { $0 + power($1) }.log() * temperature
    }

    /// The activation of a unit at every position, for the first of several images: `[H · W]`, or one number.
    func map(_ activation: Tensor) -> [Float] {
        let channels = activation.shape[activation.shape.count - 1]
        let rows = activation[0..<1].reshaped([-1, channels])
        switch part {
        case .channel(let channel), .neuron(let channel, _, _):
            return rows.columns(channel..<channel + 1).elements
        case .direction(let vector): return rows.matmul(Tensor(vector, shape: [channels, 1])).elements
        case .softMaximum(let chosen, let temperature):
            return Self.softMaximum(of: chosen, temperature, rows).elements
        }
    }

    /// Refuses a unit that a network does not have.
    ///
    /// - Throws: ``ModelError`` naming what is there.
    public func check(in network: NetworkGraph) throws {
        guard let shape = network.shape(at: point) else {
            let names = network.nodes.dropFirst().map { "\($0.name).hook_out" }
            throw ModelError("the network has no \(point); it has \(names.joined(separator: ", ")) and logits")
        }
        let channels = shape[shape.count - 1]
        switch part {
        case .channel(let channel):
            guard (0..<channels).contains(channel) else {
                throw ModelError("\(point) has channels 0 to \(channels - 1), not \(channel)")
            }
        case .neuron(let channel, let row, let column):
            let (height, width) = shape.count == 3 ? (shape[0], shape[1]) : (1, 1)
            guard (0..<channels).contains(channel), (0..<height).contains(row), (0..<width).contains(column) else {
                throw ModelError(
                    "\(point) has \(height) × \(width) positions of \(channels) channels, and no channel \(channel) at row "
                        + "\(row) and column \(column)")
            }
        case .direction(let vector):
            guard vector.count == channels else {
                throw ModelError("a direction at \(point) has \(channels) numbers, not \(vector.count)")
            }
        case .softMaximum(let chosen, let temperature):
            guard !chosen.isEmpty, chosen.allSatisfy({ (0..<channels).contains($0) }) else {
                throw ModelError("\(point) has channels 0 to \(channels - 1), the maximum of \(chosen) was asked for")
            }
            guard temperature > 0, temperature.isFinite else {
                throw ModelError("a soft maximum has a temperature above 0, not \(temperature)")
            }
        }
    }
}

extension NetworkGraph {
    /// The shape of one sample's activation at a hook point; nil where the network has no such point.
    public func shape(at point: HookPoint) -> [Int]? {
        if point == .logits { return shapes.last }
        return nodes.firstIndex { "\($0.name).hook_out" == "\(point)" }.map { shapes[$0] }
    }

    /// The rows and columns of the input that a position of a node's value depends on, without what lies outside.
    ///
    /// - Parameters:
    ///   - point: where the value is; what has no positions depends on the whole image.
    ///   - row: of the position.
    ///   - column: of the position.
    /// - Precondition: the network reads images `[H, W, C]` and has the point.
    public func receptiveField(at point: HookPoint, row: Int, column: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let index = point == .logits ? nodes.count - 1 : nodes.firstIndex { "\($0.name).hook_out" == "\(point)" }
        guard let index, inputShape.count == 3 else {
            unmet("receptive fields are of networks that read images and have \(point)")
        }
        let (height, width) = (inputShape[0], inputShape[1])
        guard let field = field(of: index, rows: row...row, columns: column...column) else {
            return (0..<height, 0..<width)
        }
        func clipped(_ range: ClosedRange<Int>, _ extent: Int) -> Range<Int> {
            let low = min(max(range.lowerBound, 0), extent - 1)
            return low..<max(low + 1, min(range.upperBound + 1, extent))
        }
        return (clipped(field.rows, height), clipped(field.columns, width))
    }

    /// Places of the input behind places of a node's value; nil where the node's value has no places.
    private func field(
        of index: Int, rows: ClosedRange<Int>, columns: ClosedRange<Int>
    ) -> (rows: ClosedRange<Int>, columns: ClosedRange<Int>)? {
        func before(_ range: ClosedRange<Int>, _ window: Int, _ stride: Int, _ padding: Int) -> ClosedRange<Int> {
            range.lowerBound * stride - padding...range.upperBound * stride - padding + window - 1
        }
        let node = nodes[index]
        var (up, across) = (rows, columns)
        switch node.operation {
        case .input: return (rows, columns)
        case .activation, .sum, .scale, .concatenate(axis: 2): break
        case .convolution(let layer):
            up = before(rows, layer.weight.shape[2], layer.stride, layer.padding)
            across = before(columns, layer.weight.shape[3], layer.stride, layer.padding)
        case .maxPool(let pool):
            (up, across) = (before(rows, pool.window, pool.stride, 0), before(columns, pool.window, pool.stride, 0))
        case .averagePool(let pool):
            (up, across) = (before(rows, pool.window, pool.stride, 0), before(columns, pool.window, pool.stride, 0))
        case .linear, .reshape, .transpose, .concatenate: return nil
        }
        var found: (rows: ClosedRange<Int>, columns: ClosedRange<Int>)?
        for input in node.inputs {
            guard let field = field(of: input, rows: up, columns: across) else { return nil }
            guard let known = found else {
                found = field
                continue
            }
            found = (Self.hull(known.rows, field.rows), Self.hull(known.columns, field.columns))
        }
        return found
    }

    private static func hull(_ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> ClosedRange<Int> {
        min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    }
}
