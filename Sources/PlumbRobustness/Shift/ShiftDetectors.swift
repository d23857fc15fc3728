internal import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// How a shifted sample is told from one of the training distribution.
public enum ShiftDetector: String, Sendable, Codable, CaseIterable {
    /// By logits.
    case maximumProbability, energy, odin, ensemble
    /// By features.
    case mahalanobis, relativeMahalanobis, virtualLogit, nearestNeighbor
    /// By the length of the input alone, without a network: the baseline.
    case inputNorm

    /// The field's name.
    public var title: String {
        switch self {
        case .maximumProbability: "MSP"
        case .energy: "energy"
        case .odin: "ODIN"
        case .ensemble: "ensemble"
        case .mahalanobis: "Mahalanobis"
        case .relativeMahalanobis: "relative Mahalanobis"
        case .virtualLogit: "ViM"
        case .nearestNeighbor: "KNN"
        case .inputNorm: "input norm"
        }
    }

    /// Those that read a network; the baseline is left out.
    public static let methods = allCases.filter { $0 != .inputNorm }
    /// Those that read nothing but logits.
    public static let byLogits: [ShiftDetector] = [.maximumProbability, .energy, .odin]
    /// Those that read features and measure how far they are from the training data's.
    public static let byFeatures: [ShiftDetector] = [.mahalanobis, .virtualLogit, .nearestNeighbor]
}

/// All detectors, fitted to one classifier and its training samples.
public struct FittedDetectors: Sendable {
    private let members: [NetworkGraph]
    private let gaussians: MahalanobisDetector
    private let virtualLogit: VirtualLogit
    private let neighbors: NearestNeighborDetector
    private let odinStep: Double

    /// Fits the detectors.
    ///
    /// - Parameters:
    ///   - members: classifiers of the same classes; the first is the one that all methods but the ensemble read.
    ///   - training: the samples it was trained on, `[N, …]`, and their labels.
    ///   - neighbors: k of the nearest-neighbor distance.
    ///   - dimensions: of ViM's subspace; at most half of those of the features are taken.
    ///   - odinStep: ε of ODIN, in units of the input.
    /// - Throws: ``RobustnessStudyError`` for networks without features; `LinearAlgebraError`.
    public init(
        _ members: [NetworkGraph], training: Tensor, labels: [Int], neighbors: Int, dimensions: Int, odinStep: Double
    ) throws {
        guard let first = members.first else { throw RobustnessStudyError("detectors need a classifier") }
        let outputs = try RecordedOutputs(first, training)
        guard neighbors <= outputs.count else {
            throw RobustnessStudyError("there is no neighbor \(neighbors) among \(outputs.count) training samples")
        }
        let width = outputs.features.shape[1]
        let head = try first.head
        (self.members, self.odinStep) = (members, odinStep)
        gaussians = try MahalanobisDetector(outputs.features, labels: labels)
        virtualLogit = try VirtualLogit(
            outputs, weight: head.weight.tensor(), bias: head.bias, dimensions: max(1, min(dimensions, width / 2)))
        self.neighbors = NearestNeighborDetector(outputs.features, neighbors: neighbors)
    }

    /// The scores of samples by each method; they rise with how shifted a sample seems to be.
    ///
    /// - Shapes: `x` `[N, …]`.
    /// - Throws: `ModelError` where a loss is not a number.
    public func scores(_ x: Tensor) throws -> [ShiftDetector: [Double]] {
        let outputs = try RecordedOutputs(members[0], x)
        let others = try members.dropFirst().map { try RecordedOutputs($0, x).logits }
        let flat = LogitScores.rows(x.reshaped([x.shape[0], -1]))
        return [
            .maximumProbability: LogitScores.maximumProbability(outputs.logits),
            .energy: LogitScores.energy(outputs.logits),
            .odin: try LogitScores.odin(members[0], x, step: odinStep),
            .ensemble: LogitScores.ensemble([outputs.logits] + others),
            .mahalanobis: gaussians.distances(outputs.features),
            .relativeMahalanobis: gaussians.relativeDistances(outputs.features),
            .virtualLogit: virtualLogit.scores(outputs),
            .nearestNeighbor: neighbors.distances(outputs.features),
            .inputNorm: flat.map { $0.sorted().reduce(0) { $0 + $1 * $1 }.squareRoot() },
        ]
    }
}

/// Samples that a classifier was not trained for.
public enum ShiftedSet: String, Sendable, Codable, CaseIterable {
    /// Pixels drawn uniformly from 0 to 1.
    case uniform
    /// Test pictures whose pixels change places, by one permutation for all.
    case permuted
    /// Test pictures with black and white exchanged.
    case inverted
    /// Pictures of the classes that were left out of training.
    case near
    /// Test pictures against other test pictures: the control.
    case same

    /// In words.
    public var title: String {
        switch self {
        case .uniform: "uniform noise"
        case .permuted: "permuted pixels"
        case .inverted: "inverted"
        case .near: "classes left out"
        case .same: "same distribution"
        }
    }

    /// The pictures made of test pictures, for the sets that are made so.
    ///
    /// - Shapes: `images` and result `[N, H, W, C]`.
    func pictures(_ images: Tensor, key: RandomKey) -> Tensor {
        switch self {
        case .uniform: return Tensor.uniform(images.shape, bound: 0.5, key: key) + 0.5
        case .inverted: return images * -1 + 1
        case .permuted:
            let size = images.count / images.shape[0]
            var random = key.generator()
            let order = Array(0..<size).shuffled(using: &random)
            let pixels = images.elements
            return Tensor(
                (0..<images.shape[0]).flatMap { row in order.map { pixels[row * size + $0] } }, shape: images.shape)
        case .near, .same: return images
        }
    }
}
