import ArgumentParser
import PlumbModels

/// The options by which commands choose the next token.
struct SamplingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "0 always takes the most probable token; higher values vary more.")
    var temperature = 0.0
    @Option(parsing: .unconditional, help: "Draw from the most probable k tokens only. (default: from all)") var topK:
        Int?
    @Option(
        parsing: .unconditional, help: "Draw from the most probable tokens that together have this probability.")
    var topP = 1.0
    @Option(
        parsing: .unconditional,
        help: "Draw from tokens at least this times as probable as the most probable one.")
    var minP = 0.0
    @Option(parsing: .unconditional, help: "Make tokens that the text already has less probable; 1 changes nothing.")
    var repetitionPenalty = 1.0
    @Option(parsing: .unconditional, help: "The seed of the random numbers that sample tokens.") var seed: UInt64 = 0

    func validate() throws {
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature must be 0 or a positive number, got \(temperature)")
        }
        if let topK, topK < 1 { throw ValidationError("--top-k must be at least 1, got \(topK)") }
        guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0 and at most 1, got \(topP)") }
        guard minP >= 0, minP <= 1 else { throw ValidationError("--min-p must be from 0 to 1, got \(minP)") }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw ValidationError("--repetition-penalty must be a positive number, got \(repetitionPenalty)")
        }
        guard temperature > 0 || (topK == nil && topP == 1 && minP == 0) else {
            throw ValidationError(
                "--top-k, --top-p and --min-p choose what is drawn from: give a --temperature above 0 with them")
        }
    }

    /// The settings of the library.
    var sampling: Sampling {
        var sampling = Sampling(temperature: temperature)
        (sampling.topK, sampling.topP, sampling.minP) = (topK, topP, minP)
        sampling.repetitionPenalty = repetitionPenalty
        return sampling
    }
}
