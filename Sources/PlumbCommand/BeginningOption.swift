import ArgumentParser
import PlumbModels
import PlumbTokenizers

/// Whether a text begins with the model's beginning-of-sequence token.
struct BeginningOption: ParsableArguments {
    @Flag(
        inversion: .prefixedNo, exclusivity: .exclusive,
        help: """
            Put the model's beginning-of-sequence token before the text, or not. (default: as the model's files say)
            """)
    var bos: Bool?

    /// The tokens of a text.
    func tokens(of text: String, _ tokenizer: Tokenizer) throws -> [Int] {
        try tokenizer.encode(text, addsBOS: bos)
    }

    /// The tokens of a text, which the model can read.
    func tokens(of text: String, _ model: HookedTransformer) throws -> [Int] {
        var model = model
        model.addsBOS = bos
        return try model.tokens(text)
    }
}
