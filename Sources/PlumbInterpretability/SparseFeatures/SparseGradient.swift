internal import PlumbBasics
internal import PlumbTensor

/// The value and gradient of a training objective on a batch, of which only active features cost anything beside the
/// product with the encoder.
struct SparseGradient {
    let training: SparseTraining
    let parameters: SparseParameters
    /// λ.
    let coefficient: Double
    /// Features that take part in the auxiliary loss.
    let dead: [Bool]

    private(set) var gradient: SparseParameters
    /// Σ (x̂ - y)² / R, of the reconstruction from all features.
    private(set) var error = 0.0
    /// What is minimized.
    private(set) var loss = 0.0
    /// The active features; entries that are 0 only have a gradient.
    private(set) var active = SparseActivations(features: 1, offsets: [0], indices: [], values: [])
    /// The squared error of each row.
    private(set) var rowErrors: [Float] = []
    /// What of each feature's slope at its product with the encoder adds up over rows.
    private var slopeSums: Tensor

    /// - Shapes: `input` `[R, I]`, `target` `[R, O]`, both scaled.
    init(
        _ training: SparseTraining, _ parameters: SparseParameters, input: Tensor, target: Tensor, subtractsBias: Bool,
        coefficient: Double, dead: [Bool]
    ) {
        (self.training, self.parameters, self.coefficient, self.dead) = (training, parameters, coefficient, dead)
        gradient = parameters.mapParameters { _, tensor in .zeros(tensor.shape) }
        slopeSums = .zeros([training.features])
        let centered = subtractsBias ? input - parameters.decoderBias : input
        let dense = Weight(parameters.encoder).applied(
            to: centered, bias: parameters.gateBias ?? parameters.encoderBias)
        let pattern = pattern(of: dense)
        let values = values(of: pattern)
        active = pattern.with(values)
        let ends = training.objective.prefixes(of: training.features)
        let skipped = parameters.skip.map { input.matmul($0) }
        let errors = active.nestedOutputs(parameters.decoder, bias: parameters.decoderBias, ends: ends).map { output in
            (skipped.map { output + $0 } ?? output) - target
        }
        let rows = Float(max(1, input.shape[0]))
        // A feature is part of its own reconstruction and of all larger ones: their slopes add up.
        var slopes = errors.map { $0 * (2 / rows) }
        for index in slopes.indices.dropLast().reversed() { slopes[index].add(slopes[index + 1]) }
        let last = errors[errors.count - 1]
        rowErrors = last.squared().summed(axis: 1).elements
        error = last.dot(last) / Double(rows)
        loss = errors.reduce(0) { $0 + $1.dot($1) } / Double(rows)
        gradient.decoderBias = slopes[0].summedColumns()
        if parameters.skip != nil { gradient.skip = input.transposedMatmul(slopes[0]) }
        addGradients(pattern, NestedSlopes(slopes, ends: ends), centered, target, rows)
        if training.objective.hasAuxiliaryLoss { addAuxiliary(dense, last, centered, rows) }
        gradient.encoder.restrict(training.windows, \.reads)
        gradient.decoder.restrict(training.windows, \.writes)
        if parameters.gateBias == nil { gradient.encoderBias = slopeSums }
        if subtractsBias {
            let through = slopeSums.reshaped([1, -1]).matmul(parameters.encoder)
            gradient.decoderBias.add(through.reshaped([-1]), scale: -1)
        }
    }

    /// The entries that have a value or a gradient, with their pre-activations; of gated dictionaries π.
    private func pattern(of dense: Tensor) -> SparseActivations {
        switch training.objective {
        case .l1, .gated: return SparseActivations(dense)
        case .topK(let k): return .selected(from: dense) { appendLargest(k, of: $0, &$1, &$2) }
        case .batchTopK(let k), .matryoshka(let k, _):
            let bound = dense.withUnsafeElements { positiveElement(ranked: k * dense.shape[0], in: $0) } ?? 0
            return .selected(from: dense) { row, indices, values in
                for index in row.indices where row[index] >= bound && row[index] > 0 {
                    indices.append(Int32(index))
                    values.append(row[index])
                }
            }
        case .jumpReLU(_, let bandwidth, _):
            let bounds = thresholds.map { $0 - bandwidth / 2 }
            return .selected(from: dense) { row, indices, values in
                for index in row.indices where row[index] > bounds[index] {
                    indices.append(Int32(index))
                    values.append(row[index])
                }
            }
        }
    }

    /// θ of each feature.
    private var thresholds: [Float] { parameters.logThreshold?.exp().elements ?? [] }

    /// The value of each entry.
    private func values(of pattern: SparseActivations) -> [Float] {
        if parameters.logThreshold != nil {
            let thresholds = thresholds
            return zip(pattern.values, pattern.indices).map { value, index in
                value > thresholds[Int(index)] ? value : 0
            }
        }
        guard let gates = parameters.gateBias?.elements, let scales = parameters.logMagnitudeScale?.exp().elements
        else {
            return pattern.values
        }
        let biases = parameters.encoderBias.elements
        return zip(pattern.values, pattern.indices).map { value, index in
            max(0, scales[Int(index)] * (value - gates[Int(index)]) + biases[Int(index)])
        }
    }

    private mutating func addGradients(
        _ pattern: SparseActivations, _ slopes: NestedSlopes, _ centered: Tensor, _ target: Tensor, _ rows: Float
    ) {
        let columns = pattern.columns
        let products = active.products(of: slopes, with: parameters.decoder)
        columns.addRows(of: slopes, weights: active.values, to: &gradient.decoder)
        let penalty = Float(coefficient) / rows
        let atProducts: [Float]
        switch training.objective {
        case .topK, .batchTopK, .matryoshka: atProducts = products
        case .l1:
            atProducts = products.map { $0 + penalty }
            loss += coefficient * Double(active.values.reduce(0) { $0 + Double($1) }) / Double(rows)
        case .jumpReLU(_, let bandwidth, _):
            atProducts = zip(products, active.values).map { $1 > 0 ? $0 : 0 }
            addThresholds(pattern, products, columns, bandwidth, penalty)
            loss += coefficient * Double(active.values.count { $0 > 0 }) / Double(rows)
        case .gated: atProducts = addGate(pattern, products, columns, target, penalty, rows)
        }
        columns.addRows(
            of: NestedSlopes(centered, features: training.features), weights: atProducts, to: &gradient.encoder)
        columns.addSums(of: atProducts, to: &slopeSums)
    }

    /// Gradients of log θ where a pre-activation is within half the bandwidth of θ: `-θ · (θ f' + λ / R) / bandwidth`.
    private mutating func addThresholds(
        _ pattern: SparseActivations, _ products: [Float], _ columns: SparseColumns, _ bandwidth: Float,
        _ penalty: Float
    ) {
        let thresholds = thresholds
        let weights = pattern.values.indices.map { entry in
            let threshold = thresholds[Int(pattern.indices[entry])]
            guard abs(pattern.values[entry] - threshold) < bandwidth / 2 else { return Float(0) }
            return -threshold * (threshold * products[entry] + penalty) / bandwidth
        }
        if var sums = gradient.logThreshold {
            columns.addSums(of: weights, to: &sums)
            gradient.logThreshold = sums
        }
    }

    /// Gradients of a gated dictionary's parts; returns the slope at each entry's product with the encoder.
    private mutating func addGate(
        _ pattern: SparseActivations, _ products: [Float], _ columns: SparseColumns, _ target: Tensor, _ penalty: Float,
        _ rows: Float
    ) -> [Float] {
        guard var scaleSums = gradient.logMagnitudeScale, var gateSums = gradient.gateBias,
            let gates = parameters.gateBias?.elements, let scales = parameters.logMagnitudeScale?.exp().elements
        else { return products }
        let gateError = pattern.applied(to: parameters.decoder, bias: parameters.decoderBias) - target
        let gateSlopes = NestedSlopes(gateError * (2 / rows), features: training.features)
        let atGate = pattern.products(of: gateSlopes, with: parameters.decoder).map { $0 + penalty }
        loss += gateError.dot(gateError) / Double(rows)
        loss += coefficient * pattern.values.reduce(0) { $0 + Double($1) } / Double(rows)
        let atMagnitude = zip(products, active.values).map { $1 > 0 ? $0 : 0 }
        let entries = pattern.values.indices
        let scaled = entries.map { atMagnitude[$0] * scales[Int(pattern.indices[$0])] }
        columns.addSums(of: atMagnitude, to: &gradient.encoderBias)
        columns.addSums(of: atGate, to: &gateSums)
        columns.addSums(
            of: entries.map { scaled[$0] * (pattern.values[$0] - gates[Int(pattern.indices[$0])]) }, to: &scaleSums)
        (gradient.logMagnitudeScale, gradient.gateBias) = (scaleSums, gateSums)
        return entries.map { scaled[$0] + atGate[$0] }
    }

    /// Dead features learn what the living ones left: `α ‖e - ê‖²` with ê from the largest dead pre-activations and e a
    /// constant, less where fewer are dead than take part (Gao et al. 2024, arXiv:2406.04093, appendix A.2).
    private mutating func addAuxiliary(_ dense: Tensor, _ error: Tensor, _ centered: Tensor, _ rows: Float) {
        let count = dead.count { $0 }
        guard count > 0 else { return }
        let limit = training.auxiliaryFeatures ?? max(1, error.shape[1] / 2)
        let places = dead.indices.filter { dead[$0] }
        let pattern = SparseActivations.selected(from: dense) { row, indices, values in
            let part = places.map { row[$0] }
            let first = indices.count
            part.withUnsafeBufferPointer { appendLargest(limit, of: $0, &indices, &values) }
            for place in first..<indices.count { indices[place] = Int32(places[Int(indices[place])]) }
        }
        let weight = Float(training.auxiliaryWeight) * min(1, Float(count) / Float(limit))
        let left = pattern.applied(to: parameters.decoder) + error
        loss += Double(weight) * left.dot(left) / Double(rows)
        let slopes = NestedSlopes(left * (2 * weight / rows), features: training.features)
        let columns = pattern.columns
        let products = pattern.products(of: slopes, with: parameters.decoder)
        columns.addRows(of: slopes, weights: pattern.values, to: &gradient.decoder)
        columns.addRows(
            of: NestedSlopes(centered, features: training.features), weights: products, to: &gradient.encoder)
        columns.addSums(of: products, to: &slopeSums)
    }
}
