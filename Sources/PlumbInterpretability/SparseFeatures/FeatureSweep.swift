internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// Exact interventions on single features, each in a run of its own, all in shared passes: the model goes on with its
/// real attention and MLPs from what the dictionary writes when one feature is changed.
///
/// A feature's change is that of its activation times its direction, added to the activation that the dictionary
/// reconstructs or predicts; what the dictionary does not explain stays as it is.
public struct FeatureSweep: Sendable {
    /// A feature at one position, with what its activation becomes.
    public struct Cell: Sendable, Hashable {
        /// Which of the dictionaries.
        public let dictionary: Int
        /// Where in the prompt.
        public let position: Int
        /// Which feature.
        public let feature: Int
        /// Its activation in the run; 0 takes the feature away.
        public let value: Float

        /// A feature that is taken away unless a value is given.
        public init(dictionary: Int, position: Int, feature: Int, value: Float = 0) {
            (self.dictionary, self.position, self.feature, self.value) = (dictionary, position, feature, value)
        }
    }

    /// Where features come from.
    public let dictionaries: [SparseDictionary]
    /// Bytes that the runs of a pass may take, beside the weights.
    public var memoryLimit = 2 << 30

    /// A sweep over features of dictionaries.
    public init(_ dictionaries: [SparseDictionary]) { self.dictionaries = dictionaries }

    /// The metric of every cell's run, in their order.
    ///
    /// - Parameters:
    ///   - model: the model that the dictionaries read.
    ///   - tokens: the prompt.
    ///   - metric: what runs are judged by.
    ///   - cells: what each run changes.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: `ModelError` for dictionaries that do not fit the model and cells that do not exist.
    public func run(
        _ model: HookedTransformer, _ tokens: [Int], metric: PatchMetric, cells: [Cell],
        progress: (Double) throws -> Void = { _ in }
    ) throws -> PatchSweepResult {
        for dictionary in dictionaries { try dictionary.check(fits: model) }
        let changes = try changes(model, tokens, cells)
        return try ReplacementSweep(memoryLimit: memoryLimit).run(
            model, tokens, metric: metric, changes: changes, progress: progress)
    }

    /// What each cell puts in the place of the activation that its dictionary writes.
    public func changes(_ model: HookedTransformer, _ tokens: [Int], _ cells: [Cell]) throws -> [ActivationReplacement]
    {
        try model.check(tokens)
        for cell in cells {
            guard dictionaries.indices.contains(cell.dictionary), (0..<tokens.count).contains(cell.position),
                (0..<dictionaries[cell.dictionary].features).contains(cell.feature), cell.value.isFinite
            else {
                throw ModelError(
                    "there is no feature \(cell.feature) of dictionary \(cell.dictionary) at position "
                        + "\(cell.position), or its "
                        + "value \(cell.value) is no number")
            }
        }
        let used = Set(cells.map(\.dictionary)).sorted()
        let points = Set(used.flatMap { [dictionaries[$0].input, dictionaries[$0].output] })
        let rows = try model.activations(of: [tokens], at: Array(points))
        var changed: [Int: (active: SparseActivations, input: Tensor, output: Tensor)] = [:]
        for index in used {
            let dictionary = dictionaries[index]
            guard let input = rows[dictionary.input], let output = rows[dictionary.output] else {
                unmet("\(dictionary.input) was not recorded")
            }
            let flat = input.reshaped([tokens.count, -1])
            changed[index] = (dictionary.encodeSparse(flat), flat, output.reshaped([tokens.count, -1]))
        }
        return cells.map { cell in
            guard let found = changed[cell.dictionary] else { unmet("dictionary \(cell.dictionary) was not read") }
            let dictionary = dictionaries[cell.dictionary]
            let old = found.active[cell.position].first { $0.feature == cell.feature }?.value ?? 0
            let place = cell.position..<cell.position + 1
            let step = dictionary.directions(of: cell.feature, for: found.input[place]) * (cell.value - old)
            return ActivationReplacement(
                dictionary.output, positions: [cell.position], values: found.output[place] + step)
        }
    }
}

extension SparseDictionary {
    /// What a feature of activation 1 adds to the output, at the scale of these inputs.
    ///
    /// - Shapes: `rows` `[R, I]`; result `[R, O]`.
    func directions(of feature: Int, for rows: Tensor) -> Tensor {
        let direction = decoder[feature..<feature + 1]
        let all = Tensor.zeros([rows.shape[0], outputWidth])
        let restore = inputScaling.applied(to: rows).restore
        return restore(all + direction) - restore(all)
    }

    /// Refuses a dictionary that is not of a model.
    ///
    /// - Throws: `ModelError` naming the hook point that the model lacks, or the width that it has there.
    public func check(fits model: HookedTransformer) throws {
        let known = Set(model.hookPoints)
        for (point, own) in [(input, width), (output, outputWidth)] {
            guard known.contains(point) else {
                throw ModelError("the dictionary is of \(point), which \(model.name) does not have")
            }
            guard let width = model.width(at: point.site) else {
                throw ModelError("\(point) is an attention map, which no dictionary reads")
            }
            guard width == own else {
                throw ModelError(
                    "the dictionary is of width \(own) at \(point), where \(model.name) has \(width)")
            }
        }
    }
}
