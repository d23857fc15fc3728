/// A training run: how large the model was, on how many tokens it was trained, and its loss.
public struct ScalingPoint: Sendable, Codable, Equatable {
    /// N, parameters.
    public var parameters: Double
    /// D, tokens.
    public var tokens: Double
    /// The loss at the end, in nats a token.
    public var loss: Double

    /// A training run.
    public init(parameters: Double, tokens: Double, loss: Double) {
        (self.parameters, self.tokens, self.loss) = (parameters, tokens, loss)
    }

    /// Its computation, 6 N D.
    public var flop: Double { 6 * parameters * tokens }

    /// Runs from comma-separated values with the columns parameters, flop and loss; tokens are FLOP / 6 N.
    ///
    /// - Throws: ``GovernanceError`` naming a missing column, or a number that is not above 0.
    public static func read(_ text: String, of name: String) throws -> [ScalingPoint] {
        let columns = try NumberTable(text, columns: ["parameters", "flop", "loss"], of: name).columns
        guard columns[0].count > 5 else {
            throw GovernanceError("\(name) has \(columns[0].count) runs: a law of five constants needs more than five")
        }
        return try columns[0].indices.map { row in
            let (parameters, flop, loss) = (columns[0][row], columns[1][row], columns[2][row])
            guard parameters > 0, flop > 0, loss > 0 else {
                throw GovernanceError(
                    "\(name) has \(parameters) parameters, \(flop) FLOP and a loss of \(loss) in line \(row + 2): all are "
                        + "above 0")
            }
            return ScalingPoint(parameters: parameters, tokens: flop / (6 * parameters), loss: loss)
        }
    }

    /// The runs without the `count` of the highest loss.
    public static func dropping(_ count: Int, worstOf points: [ScalingPoint]) -> [ScalingPoint] {
        guard count > 0, count < points.count else { return points }
        let limit = points.map(\.loss).sorted()[points.count - count]
        return points.filter { $0.loss < limit }
    }
}
