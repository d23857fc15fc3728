// Activation addition: generate while a direction is added to the residual stream (Turner et al. 2023,
// arXiv:2308.10248). The direction is the difference between two prompts' activations at their last token.
import PlumbModels
import PlumbTensor

let model = try await HookedTransformer.load("smollm2-135m")
let point = HookPoint.block(10, .residPre)

/// The residual stream entering block 10 at the last token of `text`, `[D]`.
@MainActor func activation(_ text: String) throws -> Tensor {
    let tokens = try model.tokens(text)
    let stream = model.run(tokens, recording: .only(point)).cache[point]
    return (stream ?? .zeros([tokens.count, model.configuration.width]))[tokens.count - 1]
}

let direction = try activation("I am so happy about the wedding") - activation("I am so sad about the funeral")
let prompt = try model.tokens("Today I went to the park, and")
for scale: Float in [0, 0.5, -0.5] {
    let hooks = [Intervention.steer(point, by: direction, scale: scale)]
    let text = try model.generate(prompt, maxTokens: 30, with: hooks).tokens
    print("scale \(scale):", model.tokenizer?.decode(text) ?? "\(text)")
}
