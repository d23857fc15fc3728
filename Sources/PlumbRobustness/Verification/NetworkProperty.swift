internal import PlumbBasics
internal import PlumbTensor

/// A claim about a network: for no input in a box is the output in an unsafe set. The unsafe set is a union of polyhedra, as
/// in VNN-LIB (Demarchi, Guidotti, Pulina, Tacchella 2023, *Supporting Standardization of Neural Networks Verification with
/// VNN-LIB and CoCoNet*).
public struct NetworkProperty: Sendable, Equatable {
    /// `Σ weights · y ≤ bound`, over the network's outputs.
    public struct Constraint: Sendable, Equatable {
        /// One weight an output.
        public var weights: [Double]
        /// What the sum is at most.
        public var bound: Double

        /// A constraint of given weights and bound.
        public init(_ weights: [Double], atMost bound: Double) { (self.weights, self.bound) = (weights, bound) }

        /// How far the sum is above the bound: 0 or less where the constraint is met.
        public func excess(_ output: some Sequence<Float>) -> Double {
            zip(weights, output).reduce(-bound) { $0 + $1.0 * Double($1.1) }
        }
    }

    /// A box of inputs and the outputs that are unsafe there: those that meet every constraint.
    public struct Region: Sendable, Equatable {
        /// What each input is at least.
        public var lower: [Double]
        /// What each input is at most.
        public var upper: [Double]
        /// What an unsafe output meets, all of it; none for every output.
        public var constraints: [Constraint]

        /// A region of given ends and constraints.
        ///
        /// - Precondition: there are as many lower ends as upper ones.
        public init(lower: [Double], upper: [Double], constraints: [Constraint]) {
            require(lower.count == upper.count, "a region needs as many lower ends as upper ones")
            (self.lower, self.upper, self.constraints) = (lower, upper, constraints)
        }

        /// The box, ends rounded outward.
        var box: Interval {
            Interval(
                lower: Tensor(lower.map(FloatError.down), shape: [1, lower.count]),
                upper: Tensor(upper.map(FloatError.up), shape: [1, upper.count]))
        }

        /// The float32 inputs that count as within the box: its ends are rounded to the nearest float32.
        var inputs: Interval {
            Interval(
                lower: Tensor(lower.map { Float($0) }, shape: [1, lower.count]),
                upper: Tensor(upper.map { Float($0) }, shape: [1, upper.count]))
        }

        /// Whether an input of the network and its output, both float32, show that the property is violated.
        func isWitness(_ input: Tensor, output: Tensor) -> Bool {
            let output = output.elements
            return inputs.contains(input) && output.allSatisfy(\.isFinite)
                && constraints.allSatisfy { $0.excess(output) <= 0 }
        }
    }

    /// The number of inputs.
    public let inputs: Int
    /// The number of outputs.
    public let outputs: Int
    /// The boxes with their unsafe outputs: the property holds where none can be reached.
    public let regions: [Region]

    /// A property of given regions.
    ///
    /// - Precondition: every region has an end for each input and every constraint a weight for each output.
    public init(inputs: Int, outputs: Int, regions: [Region]) {
        require(
            regions.allSatisfy { region in
                region.lower.count == inputs && region.constraints.allSatisfy { $0.weights.count == outputs }
            }, "the regions of a property of \(inputs) inputs and \(outputs) outputs must have as many")
        (self.inputs, self.outputs, self.regions) = (inputs, outputs, regions)
    }

    /// No input in the box of sample `index` gives a logit that is as large as that of `label` or larger.
    ///
    /// - Precondition: the label is one of the classes.
    public static func robust(_ box: Interval, _ index: Int = 0, label: Int, classes: Int) -> NetworkProperty {
        require((0..<classes).contains(label), "there is no class \(label) among \(classes)")
        let ends = box.gathered([index])
        let (lower, upper) = (ends.lower.elements.map { Double($0) }, ends.upper.elements.map { Double($0) })
        let regions = (0..<classes).filter { $0 != label }.map { other in
            var weights = [Double](repeating: 0, count: classes)
            (weights[label], weights[other]) = (1, -1)
            return Region(lower: lower, upper: upper, constraints: [Constraint(weights, atMost: 0)])
        }
        return NetworkProperty(inputs: box.width, outputs: classes, regions: regions)
    }
}
