internal import PlumbTensor

/// Every different step met so far, with its features, and comparisons as counts of them.
struct StepTable<Step: Sendable & Hashable>: Sendable {
    /// One comparison: which steps occur more often in one segment than in the other, and by how much.
    struct Row: Sendable {
        var visits: [(step: Int, count: Float)]
        var mu: Float
    }

    let inputs: Int
    let features: @Sendable (Step) -> [Float]
    private(set) var rows: [Row] = []
    private(set) var numbers: [Step: Int] = [:]
    private var values: [Float] = []

    init(inputs: Int, features: @escaping @Sendable (Step) -> [Float]) {
        (self.inputs, self.features) = (inputs, features)
    }

    /// The features of every step of the table, [U, F].
    var tensor: Tensor { Tensor(values, shape: [numbers.count, inputs]) }

    /// The features of `steps`, [U, F].
    func tensor(of steps: [Step]) throws -> Tensor {
        var values: [Float] = []
        for step in steps { values += try checked(features(step)) }
        return Tensor(values, shape: [steps.count, inputs])
    }

    private func checked(_ features: [Float]) throws -> [Float] {
        guard features.count == inputs, features.allSatisfy(\.isFinite) else {
            throw PreferenceError(
                features.count == inputs
                    ? "the features of a step hold a number that is none or infinite: \(features)"
                    : "the features of a step are \(features.count) numbers, and the reward network reads \(inputs)")
        }
        return features
    }

    private mutating func number(_ step: Step) throws -> Int {
        if let known = numbers[step] { return known }
        values += try checked(features(step))
        numbers[step] = numbers.count
        return numbers.count - 1
    }

    mutating func add(_ first: [Step], _ second: [Step], mu: Double) throws {
        var counts: [Int: Float] = [:]
        for step in first { counts[try number(step), default: 0] += 1 }
        for step in second { counts[try number(step), default: 0] -= 1 }
        // In order of the steps' numbers: a dictionary's order differs from run to run.
        let visits = counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { (step: $0.key, count: $0.value) }
        rows.append(Row(visits: visits, mu: Float(mu)))
    }

    /// The comparisons numbered in each of `lists` as a batch, all over the same steps; and which steps those are.
    func batches(_ lists: [[Int]]) -> (steps: [Int], batches: [PreferenceBatch]) {
        var column = [Int](repeating: -1, count: numbers.count)
        var steps: [Int] = []
        for list in lists {
            for row in list {
                for visit in rows[row].visits where column[visit.step] < 0 {
                    column[visit.step] = steps.count
                    steps.append(visit.step)
                }
            }
        }
        let width = steps.count
        let batches = lists.map { list in
            let visits = Tensor(shape: [list.count, width]) { x in
                x.initialize(repeating: 0)
                for (line, row) in list.enumerated() {
                    for visit in rows[row].visits { x[line * width + column[visit.step]] = visit.count }
                }
            }
            return PreferenceBatch(visits: visits, mu: Tensor(list.map { rows[$0].mu }))
        }
        return (steps, batches)
    }
}

/// Preferences that cannot be used: what was found and what would be accepted.
public struct PreferenceError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
