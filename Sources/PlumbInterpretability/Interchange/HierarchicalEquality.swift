internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// Is the first of four objects equal to the second just as the third is to the fourth? `(a = b) = (c = d)`.
///
/// The task on which causal abstraction was introduced (Geiger, Lu, Icard, Potts 2021, arXiv:2106.02997, after Geiger,
/// Carstensen, Frank, Potts 2023, arXiv:2006.07968). An object is a vector; equal objects are the same vector.
///
/// On half of the inputs that are drawn here another algorithm gives the same labels: `(a = c) = (b = d)`. No behavior
/// on them tells the two apart, only interventions do.
public struct HierarchicalEquality: Sendable, Equatable {
    /// The numbers of an object.
    public var width: Int

    /// The task with objects of `width` numbers.
    ///
    /// - Precondition: objects have a number at least.
    public init(width: Int) {
        require(width >= 1, "an object has at least one number, got \(width)")
        self.width = width
    }

    /// A high-level model of the task: two variables, each whether two objects are equal; the label is whether the
    /// variables are.
    public enum Algorithm: String, Sendable, CaseIterable {
        /// `a = b` and `c = d`: what the labels are made of.
        case neighbors
        /// `a = c` and `b = d`: the same labels on inputs of ``Selection/ambiguous``, and others elsewhere.
        case crossed
    }

    /// Which inputs are drawn.
    public enum Selection: Sendable {
        /// Those on which both algorithms give the same labels, so that neither is preferred: the four variables are 0
        /// or 1 equally often, and exchanging b with c gives the same inputs.
        case ambiguous
        /// Half of them, and half in which no objects are equal but those that a variable of the first algorithm asks
        /// for, or, where both of its variables are 0, some across.
        case mixed
    }

    /// Inputs with the values of both algorithms' variables.
    public struct Inputs: Sendable {
        /// The objects of each input one after another, `[B, 4 · width]`.
        public var vectors: Tensor
        /// For each input, the four objects by number: equal numbers are equal objects.
        public var objects: [[Int]]

        /// The two variables of an algorithm for input `row`.
        public func variables(_ algorithm: Algorithm, row: Int) -> (first: Bool, second: Bool) {
            let four = objects[row]
            return algorithm == .neighbors
                ? (four[0] == four[1], four[2] == four[3]) : (four[0] == four[2], four[1] == four[3])
        }

        /// The labels, 1 for equal variables of the first algorithm.
        public var labels: [Int] {
            objects.indices.map { row in
                let (first, second) = variables(.neighbors, row: row)
                return first == second ? 1 : 0
            }
        }
    }

    /// Objects drawn uniformly from the cube of side 2 around 0, `[count, width]`.
    public func objects(_ count: Int, key: RandomKey) -> Tensor { .uniform([count, width], bound: 1, key: key) }

    /// Inputs of objects from `pool`, or, without one, of objects drawn anew for every input.
    ///
    /// - Precondition: a pool has four objects or more.
    public func inputs(_ count: Int, _ selection: Selection, from pool: Tensor? = nil, key: RandomKey) -> Inputs {
        require(
            pool.map { $0.shape.count == 2 && $0.shape[0] >= 4 && $0.shape[1] == width } ?? true,
            "a pool has four objects or more of width \(width)")
        var random = key["inputs"].generator()
        let fresh = pool ?? objects(4 * count, key: key["objects"])
        var rows: [Int] = []
        let objects = (0..<count).map { row in
            let patterns = selection == .mixed && row % 2 == 1 ? Self.plain : Self.ambiguous
            let cases = patterns[random.index(below: 4)]
            let pattern = cases[random.index(below: cases.count)]
            let letters = pool.map { Self.four(below: $0.shape[0], &random) } ?? (0..<4).map { 4 * row + $0 }
            let objects = pattern.map { letters[$0] }
            rows += objects
            return objects
        }
        return Inputs(vectors: fresh.gathered(rows).reshaped([count, 4 * width]), objects: objects)
    }

    /// Four different numbers.
    private static func four(below count: Int, _ random: inout RandomKey.Generator) -> [Int] {
        var found: [Int] = []
        while found.count < 4 {
            let next = random.index(below: count)
            if !found.contains(next) { found.append(next) }
        }
        return found
    }

    /// Which objects are equal, by the values of the first algorithm's variables: both 1, both 0, the first, the
    /// second.
    private static let ambiguous: [[[Int]]] = [
        [[0, 0, 0, 0], [0, 0, 1, 1]], [[0, 1, 0, 1], [0, 1, 0, 1], [0, 1, 1, 0], [0, 1, 2, 3]],
        [[0, 0, 0, 1], [0, 0, 1, 0]], [[0, 1, 0, 0], [0, 1, 1, 1]],
    ]
    private static let plain: [[[Int]]] = [
        [[0, 0, 1, 1]], [[0, 1, 2, 3], [0, 1, 0, 2], [0, 1, 2, 0], [0, 1, 1, 2], [0, 1, 2, 1]], [[0, 0, 1, 2]],
        [[0, 1, 2, 2]],
    ]

    /// Interchanges of an algorithm's first variable, of its second and of both, `count` each, in this order; bases and
    /// sources are drawn independently of each other, so that half of the labels change.
    ///
    /// - Parameters:
    ///   - count: rows of each.
    ///   - algorithm: which says what follows from the interchange.
    ///   - pool: the objects of the inputs.
    public func interchanges(
        _ count: Int, of algorithm: Algorithm, from pool: Tensor, key: RandomKey
    ) -> [Interchange<Tensor>] {
        [(true, false), (false, true), (true, true)].enumerated().map { index, swapped in
            let key = key[index]
            let base = inputs(count, .ambiguous, from: pool, key: key["base"])
            let first = inputs(count, .ambiguous, from: pool, key: key["first"])
            let second = inputs(count, .ambiguous, from: pool, key: key["second"])
            let targets = (0..<count).map { row in
                let own = base.variables(algorithm, row: row)
                let left = swapped.0 ? first.variables(algorithm, row: row).first : own.first
                let right = swapped.1 ? second.variables(algorithm, row: row).second : own.second
                return left == right ? 1 : 0
            }
            return Interchange(
                base: base.vectors,
                sources: [swapped.0 ? first.vectors : nil, swapped.1 ? second.vectors : nil], targets: targets)
        }
    }
}
