public import PlumbModels

extension Site {
    /// The site in words, for titles: "residual stream entering the block"; the short name where there are no words for it.
    public var title: String {
        let words: [Site: String] = [
            .residPre: "Residual stream entering the block", .residMid: "Residual stream between attention and MLP",
            .residPost: "Residual stream leaving the block", .attnOut: "Attention output", .mlpOut: "MLP output",
            .q: "Queries", .k: "Keys", .v: "Values", .z: "Attention heads", .pattern: "Attention patterns",
            .attnScores: "Attention scores", .result: "Head results", .mlpPost: "MLP neurons",
            .mlpPre: "MLP pre-activations",
        ]
        return words[self] ?? shortName
    }
}
