internal import PlumbBasics
internal import PlumbTensor

/// The outcome of debates about one picture under best play by both sides.
///
/// Two debaters show one pixel after the other, none twice and none that is 0; pixels cannot lie. The judge then chooses the
/// more probable of the two claims. The state is the set of pixels shown, so the game is solved from the sets of all pixels
/// backwards, for every lie at once.
///
/// Source: Irving, Christiano, Amodei 2018, *AI safety via debate*, arXiv:1805.00899.
public struct ExactDebate: Sendable {
    /// For each class as the lie, how much more the judge believes the truth at the end of best play, in logits; in the true
    /// class's place the same where the liar need not say beforehand what it claims. Above 0 the honest debater wins.
    public struct Values: Sendable, Codable, Equatable {
        /// The true class.
        public let label: Int
        /// One a class.
        public let margins: [Float]

        /// Whether the truth wins whatever lie the liar commits itself to.
        public var winsAgainstEveryLie: Bool { lies.allSatisfy { margins[$0] > 0 } }
        /// The share of lies against which the truth wins.
        public var winsAgainstRandomLie: Double { Double(lies.count { margins[$0] > 0 }) / Double(max(1, lies.count)) }
        /// Whether the truth wins where the liar need not commit itself.
        public var winsWithoutPrecommitment: Bool { margins[label] > 0 }

        private var lies: [Int] { margins.indices.filter { $0 != label } }
    }

    private let sets: PixelSets
    private let margins: Tensor
    private let label: Int

    /// Judges every set of `pixels` pixels of a picture.
    ///
    /// - Precondition: at least as many of the picture's pixels are not 0, and at most 64 are.
    init(_ judged: DebateJudge.JudgedPicture, label: Int, pixels: Int, sets: PixelSets? = nil) {
        let sets = sets ?? PixelSets(judged.pixels.count, largest: pixels)
        require(
            sets.count == judged.pixels.count && sets.largest == pixels, "sets of other pixels than the picture's")
        var logits: [Tensor] = []
        sets.forEachSum(of: judged.contributions, from: judged.bias) { logits.append(judged.logits($0)) }
        let all = Tensor.concatenated(logits)
        (self.sets, self.label) = (sets, label)
        margins = Tensor(all.elements.margins(for: label, classes: all.shape[1]), shape: all.shape)
    }

    /// Best play where turns belong to the honest debater or to the liar, first turn first.
    public func values(honestTurns: [Bool]) -> Values {
        Values(label: label, margins: sets.solve(margins, maximizes: honestTurns))
    }
}
