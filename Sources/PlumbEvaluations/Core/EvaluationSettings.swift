/// How a task is run.
public struct EvaluationSettings: Sendable, Equatable, Codable {
    /// The most samples, from the first on; nil for all.
    public var limit: Int?
    /// How often each sample is asked.
    public var epochs = 1
    /// Whether each question is asked with its choices in every rotation.
    public var rotatesChoices = false
    /// Worked examples before each question.
    public var fewShot = 0
    /// What tokens are drawn with; 0 takes the most probable token.
    public var temperature = 0.0
    /// The most tokens of an answer; nil as the task says.
    public var maxTokens: Int?
    /// The seed of everything that is drawn.
    public var seed: UInt64 = 0
    /// Samples that are asked side by side.
    public var batch = 16
    /// Seconds after which no further sample is asked; nil for no limit.
    public var timeLimit: Double?
    /// Tokens read and written after which no further sample is asked; nil for no limit.
    public var tokenLimit: Int?

    /// The usual settings.
    public init() {}

    /// - Throws: ``EvaluationError`` for a setting that is out of range.
    func check() throws {
        let counts = [("limit", limit), ("epochs", epochs), ("batch", batch), ("maxTokens", maxTokens)]
        for (name, value) in counts {
            if let value, value < 1 { throw EvaluationError("\(name) must be at least 1, got \(value)") }
        }
        // Products of these are computed.
        guard epochs <= 1_000_000, batch <= 1_000_000 else {
            throw EvaluationError("epochs and batch must be at most 1000000, got \(epochs) and \(batch)")
        }
        guard fewShot >= 0 else { throw EvaluationError("fewShot must not be negative, got \(fewShot)") }
        guard temperature >= 0, temperature.isFinite else {
            throw EvaluationError("temperature must be 0 or a positive number, got \(temperature)")
        }
    }
}
