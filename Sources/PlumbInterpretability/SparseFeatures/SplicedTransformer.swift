internal import PlumbBasics
public import PlumbModels
public import PlumbTensor
internal import Synchronization

/// A transformer with dictionaries in the place of activations that they reconstruct or predict, whose features are
/// hook points: `blocks.5.hook_resid_post.hook_sae_acts_post`, as SAELens names them.
///
/// ```swift
/// let spliced = try SplicedTransformer(model, [dictionary])
/// let point = spliced.point(of: 0)
/// let (logits, features) = spliced.run(tokens, with: [.feature(12, at: point, becomes: 0)], recording: [point])
/// ```
public struct SplicedTransformer: Sendable {
    /// The model.
    public let model: HookedTransformer
    /// What is spliced into it.
    public let dictionaries: [SparseDictionary]
    /// Whether what a dictionary does not reconstruct is added, so that a run without a change is the model's own.
    public let addsError: Bool

    /// A model with dictionaries.
    ///
    /// - Throws: `ModelError` for a dictionary that does not fit the model, two that write the same activation, or one
    /// that reads what comes after it.
    public init(_ model: HookedTransformer, _ dictionaries: [SparseDictionary], addsError: Bool = true) throws {
        let order = Dictionary(uniqueKeysWithValues: model.hookPoints.enumerated().map { ($1, $0) })
        for dictionary in dictionaries {
            try dictionary.check(fits: model)
            guard let from = order[dictionary.input], let to = order[dictionary.output], from <= to else {
                throw ModelError("a dictionary cannot read \(dictionary.input) to write \(dictionary.output) before it")
            }
        }
        let outputs = dictionaries.map(\.output)
        guard Set(outputs).count == outputs.count else {
            throw ModelError("two dictionaries are to write the same activation of \(model.name)")
        }
        guard Set(dictionaries.map(\.input)).count == dictionaries.count else {
            throw ModelError(
                "two dictionaries read the same activation of \(model.name), so that their features would have one name"
            )
        }
        (self.model, self.dictionaries, self.addsError) = (model, dictionaries, addsError)
    }

    /// Where the features of a dictionary are seen and changed, `[T, N]`.
    public func point(of dictionary: Int) -> HookPoint {
        let point = dictionaries[dictionary].input
        let site = Site(rawValue: point.site.rawValue + ".hook_sae_acts_post")
        return point.block.map { .block($0, site) } ?? .outside(site)
    }

    /// Runs the model with the dictionaries in it.
    ///
    /// - Parameters:
    ///   - tokens: the prompt.
    ///   - interventions: changes at hook points of the model or of features.
    ///   - recording: points of features whose activations are returned.
    /// - Shapes: `output` `[T, V]`; features `[T, N]`, after interventions.
    /// - Precondition: the model can read the prompt, and every point exists.
    public func run(
        _ tokens: [Int], with interventions: [Intervention] = [], recording: Set<HookPoint> = []
    ) -> (output: Tensor, features: [HookPoint: Tensor]) {
        let points = dictionaries.indices.map(point)
        require(
            recording.isSubset(of: Set(points)),
            "features of \(recording.subtracting(points).map(\.description).sorted().joined(separator: ", ")) "
                + "are not spliced in"
        )
        let held = Held()
        var changes = interventions.filter { !points.contains($0.point) }
        for (index, dictionary) in dictionaries.enumerated() {
            let point = points[index]
            let own = interventions.filter { $0.point == point }
            if !dictionary.isAutoencoder {
                changes.append(
                    Intervention("read features", at: dictionary.input) { value in
                        held.inputs.withLock { $0[index] = value }
                        return value
                    })
            }
            changes.append(
                Intervention("features", at: dictionary.output) { value in
                    let input: Tensor? = dictionary.isAutoencoder ? value : held.inputs.withLock { $0[index] }
                    guard let input else { unmet("\(dictionary.input) was not met before \(dictionary.output)") }
                    let (result, features) = spliced(dictionary, point, input, value, own)
                    if recording.contains(point) { held.features.withLock { $0[point] = features } }
                    return result
                })
        }
        let output = model.run(tokens, with: changes).output
        return (output, held.features.withLock { $0 })
    }

    private func spliced(
        _ dictionary: SparseDictionary, _ point: HookPoint, _ input: Tensor, _ value: Tensor, _ changes: [Intervention]
    ) -> (result: Tensor, features: Tensor) {
        let rows = input.reshaped([input.shape[0], -1])
        let flat = value.reshaped([value.shape[0], -1])
        let active = dictionary.encodeSparse(rows)
        let usual = active.dense
        var runner = HookRunner(interventions: changes)
        let features = changes.isEmpty ? usual : runner(usual, at: point)
        if addsError, features == usual { return (value, features) }
        let scaled = dictionary.inputScaling.applied(to: rows)
        func output(_ features: Tensor) -> Tensor { scaled.restore(dictionary.decode(features)) }
        var result = addsError ? flat + (output(features) - output(usual)) : output(features)
        if !addsError, let skip = dictionary.skip { result = result + rows.matmul(skip) }
        return (result.reshaped(value.shape), features)
    }

    /// What interventions of one run tell each other.
    private final class Held: Sendable {
        let inputs = Mutex<[Int: Tensor]>([:])
        let features = Mutex<[HookPoint: Tensor]>([:])
    }
}

extension Intervention {
    /// Sets one feature's activation, everywhere or at some positions.
    ///
    /// - Parameters:
    ///   - feature: which column.
    ///   - point: features of a ``SplicedTransformer``.
    ///   - value: the activation; 0 takes the feature away.
    ///   - positions: nil for all.
    public static func feature(
        _ feature: Int, at point: HookPoint, becomes value: Float, positions: Range<Int>? = nil
    ) -> Intervention {
        Intervention("feature \(feature)", at: point) { features in
            let (rows, count) = (features.shape[0], features.shape[1])
            require((0..<count).contains(feature), "\(point) has \(count) features, no feature \(feature)")
            var elements = features.elements
            for row in positions ?? 0..<rows where row < rows { elements[row * count + feature] = value }
            return Tensor(elements, shape: features.shape)
        }
    }
}
