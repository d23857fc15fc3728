import PlumbTensor
import Testing

@testable import PlumbModels

/// Log-probabilities of options: those of single passes, however many prompts and options are read together.
@Suite struct OptionTests {
    private let header = TinyModel.tokens(7, seed: 41)

    private var questions: [OptionQuestion] {
        (0..<5).map { number in
            OptionQuestion(
                prompt: header + TinyModel.tokens(2 + number, seed: UInt64(50 + number)),
                options: (0..<3).map { TinyModel.tokens(1 + ($0 + number) % 3, seed: UInt64(60 + 7 * number + $0)) })
        }
    }

    @Test(arguments: TinyModel.all) func optionsAreThoseOfSinglePasses(_ name: String) throws {
        let model = try TinyModel.load(name)
        let expected = try questions.map { question in
            try question.options.map { option in
                let losses = try model.crossEntropies(of: [question.prompt + option])[0]
                return -losses.suffix(option.count).reduce(0) { $0 + Double($1) }
            }
        }
        for (limit, slots) in [(1, 1), (40, 2), (4096, 16)] {
            #expect(try model.optionLogProbabilities(of: questions, rowLimit: limit, slots: slots) == expected)
        }
    }

    @Test func whatCannotBeReadIsRefused() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let prompt = OptionQuestion(prompt: header, options: [])
        #expect(throws: ModelError("a question needs options of at least one token each")) {
            try model.optionLogProbabilities(of: [prompt])
        }
        #expect(throws: ModelError.self) {
            try model.optionLogProbabilities(of: [OptionQuestion(prompt: [], options: [[1]])])
        }
        #expect(throws: ModelError.self) {
            try model.optionLogProbabilities(of: [OptionQuestion(prompt: header, options: [[211_000]])])
        }
        #expect(try model.optionLogProbabilities(of: []).isEmpty)
    }

    @Test func aBatchOfTextsEndsWhereItIsAskedTo() throws {
        let model = try TinyModel.load(TinyModel.llama)
        let prompts = [header, Array(header.prefix(3))]
        let whole = try model.continuations(
            of: prompts, maxTokens: 6, temperature: 0, stopTokens: [], key: RandomKey(1))
        var passes = 0
        let part = try model.continuations(
            of: prompts, maxTokens: 6, temperature: 0, stopTokens: [], key: RandomKey(1),
            while: {
                passes += 1
                return passes <= 2
            })
        #expect(part.map(\.tokens) == whole.map { Array($0.tokens.prefix(2)) })
    }
}
