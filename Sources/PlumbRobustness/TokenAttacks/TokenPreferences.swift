internal import PlumbBasics
public import PlumbTensor

/// For each place of a text that an attacker writes, the tokens among which replacements are drawn, the most promising
/// first.
///
/// The loss changes by about `∇e · E[t]` when token t replaces the one of a place, ∇e being the gradient at the place's
/// embedding and E the table of embeddings: the gradient at a one-hot token (Ebrahimi, Rao, Lowd, Dou 2018,
/// arXiv:1712.06751; Zou, Wang, Carlini, Nasr, Kolter, Fredrikson 2023, arXiv:2307.15043).
public struct TokenPreferences: Sendable, Equatable {
    /// `[place][rank]`
    public let tokens: [[Int]]

    /// The tokens of the lowest scores at each place; ties go to the lower id.
    ///
    /// - Parameters:
    ///   - gradient: of the loss at the embedding of each place.
    ///   - embeddings: of all tokens.
    ///   - allowed: the tokens that may be drawn.
    ///   - top: how many of them each place gets.
    /// - Shapes: `gradient` `[S, D]`, `embeddings` `[V, D]`.
    /// - Precondition: widths agree, and `allowed` and `top` leave a token to draw.
    public init(gradient: Tensor, embeddings: Tensor, allowed: some Collection<Int>, top: Int) {
        require(
            gradient.shape.count == 2 && embeddings.shape.count == 2 && gradient.shape[1] == embeddings.shape[1],
            "gradients [S, D] and embeddings [V, D] have one width, got \(gradient.shape) and \(embeddings.shape)")
        require(!allowed.isEmpty && top > 0, "tokens are drawn among one or more, got \(min(top, allowed.count))")
        let vocabulary = embeddings.shape[0]
        let scores = gradient.matmul(transposed: embeddings).elements
        tokens = (0..<gradient.shape[0]).map { place in
            let row = place * vocabulary
            var lowest = allowed.map { scores[row + $0] }
            guard lowest.count > top else {
                return allowed.sorted { (scores[row + $0], $0) < (scores[row + $1], $1) }
            }
            lowest.sort()
            let limit = lowest[top - 1]
            let best = allowed.filter { scores[row + $0] <= limit }
            return Array(best.sorted { (scores[row + $0], $0) < (scores[row + $1], $1) }.prefix(top))
        }
    }

    /// A place and the token that replaces the one there: each place, and each of its tokens, is as likely as any other.
    public func draw(_ random: inout RandomKey.Generator) -> (place: Int, token: Int) {
        let place = random.index(below: tokens.count)
        return (place, tokens[place][random.index(below: tokens[place].count)])
    }
}
