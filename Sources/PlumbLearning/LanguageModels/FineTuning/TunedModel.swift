/// What a training gives: a model, and how it became so.
public struct TunedModel<Model: Sendable, Measure: FitMeasure>: Sendable {
    /// The model after the last step; of LoRA, the merged one.
    public var model: Model
    /// The loss before each step, or of each round.
    public var losses: [Float]
    /// What was measured, in the order of the steps.
    public var evaluations: [FitEvaluation]
    /// Whether texts were measured that were not trained on.
    public var isHeldOut: Bool

    /// The values of one measure.
    public func curve(_ measure: Measure) -> [Double] { evaluations.map { $0[measure] } }
}

/// Training that could not go on, and the last model that was sound.
public struct DivergedTraining<Model: Sendable>: Error, CustomStringConvertible {
    /// What happened.
    public var cause: FitError
    /// The model after the last steps that were sound; of LoRA, the merged one.
    public var model: Model
    /// How many steps, or rounds, those were.
    public var steps: Int
    /// What happened, and what is left.
    public var description: String { "\(cause) The weights of step \(steps) are the last good ones." }
}
