internal import PlumbBasics
public import PlumbTensor

/// A probe cannot be fitted or judged: what was found and what would do.
public struct ProbeError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}

/// Activations with a label each, for probes: what a model computed on examples, and what is to be read from it.
///
/// Examples that share something a probe could recognize, such as the city that a statement is about, belong to one
/// group: a group is never divided between the examples that fit a probe and those that judge it.
public struct ProbeExamples: Sendable, Equatable {
    /// An example a row, `[N, D]`.
    public let activations: DoubleMatrix
    /// Whether the example is positive, `[N]`.
    public let labels: [Bool]
    /// The group of each example, `[N]`.
    public let groups: [String]

    /// Examples with their labels; without groups every example is a group of its own.
    ///
    /// - Shapes: `activations` `[N, D]`; `labels` and `groups` `[N]`.
    /// - Throws: ``ProbeError`` where the numbers of rows, labels and groups differ, there are none, or an activation
    ///   is not a finite number.
    public init(_ activations: DoubleMatrix, labels: [Bool], groups: [String]? = nil) throws {
        let groups = groups ?? labels.indices.map { "\($0)" }
        guard activations.rows == labels.count, labels.count == groups.count else {
            throw ProbeError(
                "\(activations.rows) activations need as many labels and groups, got \(labels.count) and "
                    + "\(groups.count)")
        }
        guard activations.rows > 0, activations.columns > 0 else {
            throw ProbeError("a probe needs examples, got \(activations.rows) of width \(activations.columns)")
        }
        if let bad = activations.elements.firstIndex(where: { !$0.isFinite }) {
            throw ProbeError(
                "the activations of example \(bad / activations.columns + 1) hold a number that is not finite: the "
                    + "model's weights may be damaged")
        }
        (self.activations, self.labels, self.groups) = (activations, labels, groups)
    }

    /// The number of examples, N.
    public var count: Int { labels.count }
    /// The width of an activation, D.
    public var width: Int { activations.columns }

    /// Some examples, in the order asked.
    ///
    /// - Precondition: there is at least one, and each index is an example's.
    public func selecting(_ rows: [Int]) -> ProbeExamples {
        require(
            !rows.isEmpty && rows.allSatisfy(labels.indices.contains),
            "examples are selected by their numbers, from 0 to \(count - 1), and at least one is")
        return ProbeExamples(
            checked: activations.gathered(rows), labels: rows.map { labels[$0] }, groups: rows.map { groups[$0] })
    }

    /// The same examples with other labels.
    ///
    /// - Precondition: there are as many labels as examples.
    public func labeled(_ labels: [Bool]) -> ProbeExamples {
        require(labels.count == count, "\(count) examples need as many labels, got \(labels.count)")
        return ProbeExamples(checked: activations, labels: labels, groups: groups)
    }

    /// The same examples, of which only some features are shown.
    ///
    /// - Precondition: there is at least one feature, and each is one of the width.
    public func features(_ columns: [Int]) -> ProbeExamples {
        require(
            !columns.isEmpty && columns.allSatisfy((0..<width).contains),
            "features are selected by their numbers, from 0 to \(width - 1), and at least one is")
        let rows = (0..<count).flatMap { row in columns.map { activations[row, $0] } }
        return ProbeExamples(
            checked: DoubleMatrix(rows, rows: count, columns: columns.count), labels: labels, groups: groups)
    }

    private init(checked activations: DoubleMatrix, labels: [Bool], groups: [String]) {
        (self.activations, self.labels, self.groups) = (activations, labels, groups)
    }

    /// The rows of each class.
    ///
    /// - Throws: ``ProbeError`` where all examples are of one.
    func classes() throws -> (positive: [Int], negative: [Int]) {
        let positive = labels.indices.filter { labels[$0] }
        let negative = labels.indices.filter { !labels[$0] }
        guard !positive.isEmpty, !negative.isEmpty else {
            throw ProbeError(
                "all \(count) examples are \(positive.isEmpty ? "negative" : "positive"): a probe needs examples of "
                    + "both classes")
        }
        return (positive, negative)
    }
}
