/// What is known beside the fraction of a part that is done: the step, and values worth watching.
public struct RunProgress: Codable, Sendable, Equatable {
    /// How many steps are done.
    public var done: Int
    /// How many steps there are.
    public var total: Int
    /// What a step is called, for example "step" or "epoch".
    public var unit: String
    /// Numbers of this moment, for example the loss.
    public var values: [Value]

    /// A number with its name.
    public struct Value: Codable, Sendable, Equatable {
        /// For example "loss".
        public var name: String
        /// The number at this moment.
        public var value: Double

        /// A named number.
        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// `done` of `total` steps, with what is worth watching.
    public init(_ done: Int, of total: Int, unit: String = "step", values: [Value] = []) {
        self.done = done
        self.total = total
        self.unit = unit
        self.values = values
    }

    /// The part that is done, from 0 to 1.
    var fraction: Double { total <= 0 ? 1 : Double(done) / Double(total) }
}
