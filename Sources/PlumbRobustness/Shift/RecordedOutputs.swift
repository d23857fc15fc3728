internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// What a classifier gave on a batch of samples: its logits, and the features that its last layer reads.
///
/// Detectors of shifted inputs, calibration and conformal sets work on these alone, so they also take numbers recorded
/// elsewhere.
public struct RecordedOutputs: Sendable {
    /// The logits, `[N, K]`.
    public let logits: Tensor
    /// The features, `[N, D]`.
    public let features: Tensor

    /// Outputs recorded elsewhere.
    ///
    /// - Precondition: both have N rows.
    public init(logits: Tensor, features: Tensor) {
        require(
            logits.shape.count == 2 && features.shape.count == 2 && logits.shape[0] == features.shape[0],
            "recorded outputs are logits [N, K] and features [N, D], got \(logits.shape) and \(features.shape)")
        (self.logits, self.features) = (logits, features)
    }

    /// Runs `network` on samples, some at a time.
    ///
    /// - Shapes: `x` `[N, …]`.
    /// - Throws: ``RobustnessStudyError`` for a network whose last node is not a linear layer.
    public init(_ network: NetworkGraph, _ x: Tensor) throws {
        let point = try network.featurePoint
        var (logits, features): ([Tensor], [Tensor]) = ([], [])
        for first in stride(from: 0, to: x.shape[0], by: 256) {
            let rows = Array(first..<min(first + 256, x.shape[0]))
            let (output, cache) = network.run(x.gathered(rows), recording: .only(point))
            logits.append(output)
            if let found = cache[point] { features.append(found.reshaped([rows.count, -1])) }
        }
        self.init(logits: .concatenated(logits), features: .concatenated(features))
    }

    /// The outputs of some samples, in the order asked.
    public subscript(rows: [Int]) -> RecordedOutputs {
        RecordedOutputs(logits: logits.gathered(rows), features: features.gathered(rows))
    }

    /// The number of samples.
    public var count: Int { logits.shape[0] }

    /// The class with the largest logit, for each sample.
    public var predictions: [Int] { logits.argmaxOfRows() }

    /// The share of samples whose largest logit is that of their class; NaN of none.
    public func accuracy(_ labels: [Int]) -> Double {
        Double(zip(predictions, labels).count { $0 == $1 }) / Double(labels.count)
    }
}

extension NetworkGraph {
    /// The last node's layer, which turns features into logits.
    ///
    /// - Throws: ``RobustnessStudyError`` where the last node is something else.
    public var head: Linear {
        get throws {
            guard case .linear(let layer)? = nodes.last?.operation, layer.weight.partCount == 1 else {
                throw RobustnessStudyError(
                    "features are what a last linear layer reads, and this network ends otherwise")
            }
            return layer
        }
    }

    /// Where the features can be read that the last layer reads.
    var featurePoint: HookPoint {
        get throws {
            _ = try head
            return .outside(Site(rawValue: "\(nodes[nodes[nodes.count - 1].inputs[0]].name).hook_out"))
        }
    }
}
