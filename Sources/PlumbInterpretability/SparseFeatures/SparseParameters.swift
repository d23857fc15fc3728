internal import PlumbBasics
public import PlumbTensor

/// The parameters of a dictionary in training, of inputs and outputs scaled to mean lengths √I and √O. Encoder and decoder
/// both keep a row for each feature.
///
/// - Shapes: `encoder` `[N, I]`, `decoder` `[N, O]`, `decoderBias` `[O]`, `skip` `[I, O]`, the rest `[N]`.
public struct SparseParameters: ParameterTree {
    var encoder: Tensor
    var encoderBias: Tensor
    var decoder: Tensor
    var decoderBias: Tensor
    var skip: Tensor?
    /// log θ of JumpReLU.
    var logThreshold: Tensor?
    /// Of gated dictionaries.
    var gateBias: Tensor?
    /// r of gated dictionaries.
    var logMagnitudeScale: Tensor?

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("encoder", &encoder)
        visitor("encoder_bias", &encoderBias)
        visitor("decoder", &decoder)
        visitor("decoder_bias", &decoderBias)
        visitor("skip", &skip)
        visitor("log_threshold", &logThreshold)
        visitor("gate_bias", &gateBias)
        visitor("log_magnitude_scale", &logMagnitudeScale)
    }

    /// Random directions of length 1; encoder rows equal decoder rows where inputs are outputs.
    init(_ training: SparseTraining, width: Int, outputWidth: Int, isAutoencoder: Bool, key: RandomKey) {
        let features = training.features
        let windows = training.windows
        func directions(_ width: Int, _ key: RandomKey, _ part: (SparseWindow) -> Range<Int>) -> Tensor {
            var generator = key.generator()
            var tensor = Tensor(shape: [features, width]) { target in
                for index in target.indices { target[index] = Float(generator.normal()) }
            }
            tensor.restrict(windows, part)
            tensor.normalizeRows()
            return tensor
        }
        decoder = directions(outputWidth, key["decoder"], \.writes)
        encoder = isAutoencoder && windows.isEmpty ? decoder : directions(width, key["encoder"], \.reads)
        encoderBias = .zeros([features])
        decoderBias = .zeros([outputWidth])
        if training.hasSkip { skip = .zeros([width, outputWidth]) }
        switch training.objective {
        case .jumpReLU(_, _, let threshold): logThreshold = Tensor(repeating: threshold, shape: [features]).log()
        case .gated: (gateBias, logMagnitudeScale) = (.zeros([features]), .zeros([features]))
        case .l1, .topK, .batchTopK, .matryoshka: break
        }
    }

    var features: Int { decoder.shape[0] }
}

extension Tensor {
    /// Divides each row by its length; rows of zeros stay.
    mutating func normalizeRows() {
        let (rows, width) = (shape[0], shape[1])
        withUnsafeMutableElements { elements in
            let elements = elements
            forEachChunk(of: rows, size: 64) { chunk in
                for row in chunk {
                    let part = UnsafeMutableBufferPointer(rebasing: elements[row * width..<(row + 1) * width])
                    let length = product(UnsafeBufferPointer(part), UnsafeBufferPointer(part)).squareRoot()
                    guard length > 0 else { continue }
                    for index in part.indices { part[index] /= Float(length) }
                }
            }
        }
    }

    /// Removes from each row its part along the same row of `directions`, whose rows have length 1.
    mutating func removeParts(along directions: Tensor) {
        let (rows, width) = (shape[0], shape[1])
        withUnsafeMutableElements { elements in
            directions.withUnsafeElements { directions in
                let elements = elements
                forEachChunk(of: rows, size: 64) { chunk in
                    for row in chunk {
                        let range = row * width..<(row + 1) * width
                        let part = UnsafeMutableBufferPointer(rebasing: elements[range])
                        let direction = UnsafeBufferPointer(rebasing: directions[range])
                        let along = Float(product(UnsafeBufferPointer(part), direction))
                        guard along != 0 else { continue }
                        for index in part.indices { part[index] -= along * direction[index] }
                    }
                }
            }
        }
    }

    /// Sets to 0 what lies outside the windows of features, of which each row is one.
    mutating func restrict(_ windows: [SparseWindow], _ part: (SparseWindow) -> Range<Int>) {
        guard !windows.isEmpty else { return }
        let width = shape[1]
        withUnsafeMutableElements { elements in
            for window in windows {
                let kept = part(window)
                for row in window.features {
                    for column in 0..<width where !kept.contains(column) { elements[row * width + column] = 0 }
                }
            }
        }
    }
}
