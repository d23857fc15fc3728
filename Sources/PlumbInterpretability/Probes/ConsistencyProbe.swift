internal import Foundation
internal import PlumbBasics
internal import PlumbLearning
internal import PlumbNN
internal import PlumbRecords
public import PlumbTensor

/// A probe found without labels, from statements and their negations: contrast-consistent search (Burns, Ye, Klein,
/// Steinhardt 2022, *Discovering Latent Knowledge in Language Models Without Supervision*, arXiv:2212.03827).
///
/// With `p(x) = σ(w · x + b)` it makes `(p(x⁺) - (1 - p(x⁻)))² + min(p(x⁺), p(x⁻))²` small on average over pairs: of a
/// statement and its negation one is true and one is false, and the probe is sure which. Each side is freed of its own
/// mean, and with it of what tells negations from statements. Whatever else holds of exactly one side of each pair
/// satisfies the loss too (Farquhar et al. 2023, *Challenges with unsupervised LLM knowledge discovery*,
/// arXiv:2312.10029), and nothing in it tells truth from falsehood: ``oriented(by:positive:negative:)`` asks labels for
/// that one bit.
public struct ConsistencyProbe: Sendable, Codable, Equatable {
    /// w, `[D]`, for normalized activations.
    public let weights: [Double]
    /// b.
    public let offset: Double
    /// What statements are freed of before they are read, and what negations are.
    public let positiveSide: Standardization, negativeSide: Standardization
    /// The loss of each try after training, in the order of the tries; the probe is that of the least.
    public let losses: [Double]

    /// How a probe is searched.
    public struct Search: Sendable, Codable, Equatable {
        /// Probes trained from random weights; the one of the least loss is kept.
        public var tries = 10
        /// Steps of AdamW over all pairs.
        public var steps = 1000
        /// Its learning rate.
        public var learningRate = 1e-3
        /// Its weight decay.
        public var weightDecay = 0.01
        /// Whether each feature of each side is divided by its standard deviation, as the paper writes; its code does
        /// not by default. Features of very different sizes need it.
        public var scalesFeatures = true

        /// The settings of the paper.
        public init() {}
    }

    /// Searches a probe on pairs.
    ///
    /// - Parameters:
    ///   - positive: activations of statements, a row each.
    ///   - negative: activations of their negations, in the same order.
    ///   - search: how.
    ///   - key: of the random weights.
    /// - Shapes: `positive`, `negative` `[N, D]`.
    /// - Throws: ``ProbeError`` where the sides differ in shape, there are fewer than 2 pairs, or a number is not
    ///   finite.
    public init(
        positive: DoubleMatrix, negative: DoubleMatrix, search: Search = Search(), key: RandomKey
    ) throws {
        require(search.tries > 0 && search.steps >= 0, "a search needs a try or more, and steps of 0 or more")
        guard positive.rows == negative.rows, positive.columns == negative.columns else {
            throw ProbeError(
                "statements \(positive.rows) × \(positive.columns) and negations \(negative.rows) × "
                    + "\(negative.columns) are no pairs")
        }
        guard positive.rows > 1, positive.columns > 0 else {
            throw ProbeError("contrast-consistent search needs 2 pairs or more, got \(positive.rows)")
        }
        guard positive.elements.allSatisfy(\.isFinite), negative.elements.allSatisfy(\.isFinite) else {
            throw ProbeError("an activation of a pair is not finite: the model's weights may be damaged")
        }
        positiveSide = Standardization(of: positive, scales: search.scalesFeatures)
        negativeSide = Standardization(of: negative, scales: search.scalesFeatures)
        let (high, low) = (Tensor(positiveSide(positive)), Tensor(negativeSide(negative)))
        let start = Linear(inputs: positive.columns, outputs: search.tries, key: key["weights"])
        let found: Linear
        do {
            found = try Fit(steps: search.steps).run(
                start, optimizer: Adam.decoupled(learningRate: search.learningRate, weightDecay: search.weightDecay)
            ) { model, _ in Self.losses(model, high, low).summed() }.model
        } catch let error as FitError {
            throw ProbeError("contrast-consistent search failed: \(error)")
        }
        losses = Self.losses(found, high, low).elements.map(Double.init)
        var best = 0
        for index in losses.indices where losses[index] < losses[best] { best = index }
        weights = found.weight.tensor()[best].elements.map(Double.init)
        offset = Double(found.bias?[best].item ?? 0)
    }

    /// The loss of each try, the mean over pairs.
    ///
    /// - Shapes: result `[tries]`.
    private static func losses(_ model: Linear, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        let (p, q) = (model(positive).sigmoid(), model(negative).sigmoid())
        let least = Tensor.minimum(p, q)
        return ((p + q - 1).squared() + least.squared()).mean(axis: 0)
    }

    /// The loss of one pair: `(p - (1 - q))² + min(p, q)²`.
    public static func loss(_ p: Double, _ q: Double) -> Double {
        let (gap, least) = (p - (1 - q), min(p, q))
        return gap * gap + least * least
    }

    /// How probable the probe holds each statement to be, `½ (p(x⁺) + 1 - p(x⁻))`, 0 to 1.
    ///
    /// - Shapes: `positive`, `negative` `[N, D]`; result `[N]`.
    public func scores(positive: DoubleMatrix, negative: DoubleMatrix) -> [Double] {
        zip(chances(positiveSide(positive)), chances(negativeSide(negative))).map { 0.5 * ($0 + 1 - $1) }
    }

    /// How probable the probe holds statements alone to be, normalized as the statements it was trained on, 0 to 1.
    ///
    /// - Shapes: `activations` `[N, D]`; result `[N]`.
    public func scores(_ activations: DoubleMatrix) -> [Double] {
        chances(positiveSide(activations))
    }

    /// The area under the ROC curve of ``scores(positive:negative:)``.
    public func auroc(positive: DoubleMatrix, negative: DoubleMatrix, labels: [Bool]) -> Double {
        LinearProbe.auroc(scores(positive: positive, negative: negative), labels)
    }

    /// The probe or its opposite, whichever orders these labeled pairs the better.
    public func oriented(by labels: [Bool], positive: DoubleMatrix, negative: DoubleMatrix) -> ConsistencyProbe {
        auroc(positive: positive, negative: negative, labels: labels) < 0.5 ? opposite : self
    }

    /// The probe that says the opposite, which has the same loss but for the side on which it is unsure.
    public var opposite: ConsistencyProbe {
        ConsistencyProbe(
            weights: weights.map { -$0 }, offset: -offset, positiveSide: positiveSide, negativeSide: negativeSide,
            losses: losses)
    }

    private init(
        weights: [Double], offset: Double, positiveSide: Standardization, negativeSide: Standardization,
        losses: [Double]
    ) {
        (self.weights, self.offset, self.losses) = (weights, offset, losses)
        (self.positiveSide, self.negativeSide) = (positiveSide, negativeSide)
    }

    /// `σ(w · x + b)` of standardized activations.
    private func chances(_ x: DoubleMatrix) -> [Double] {
        x.product(DoubleMatrix(weights, rows: weights.count, columns: 1)).elements.map { 1 / (1 + exp(-$0 - offset)) }
    }
}
