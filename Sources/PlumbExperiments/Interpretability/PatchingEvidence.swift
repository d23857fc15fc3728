internal import PlumbInterpretability
internal import PlumbModels
internal import PlumbTensor

/// How much of the answer the residual stream restores, layer by layer, at the places the hypothesis speaks of.
///
/// Recovery is (patched - corrupted) / (clean - corrupted): 0 leaves the corrupted answer, 1 restores the clean one.
struct PatchingEvidence: Sendable {
    /// By layer: at the differing position that restores most, and at the last position.
    let differing: [Double]
    let last: [Double]
    /// By layer: the mean over positions between them, where the prompts agree; empty where there is none.
    let between: [Double]

    init(pair: TokenizedPair, result: PatchSweepResult, layers: Int) {
        let length = pair.alignedCount
        let full = result.clean - result.corrupted
        func recovery(_ layer: Int, _ position: Int) -> Double {
            (result.values[layer * length + position] - result.corrupted) / full
        }
        let places = pair.differing
        let neutral = ((places.first ?? 0)..<max(places.first ?? 0, length - 1)).filter { !places.contains($0) }
        differing = (0..<layers).map { layer in places.map { recovery(layer, $0) }.max() ?? 0 }
        last = (0..<layers).map { recovery($0, length - 1) }
        between =
            neutral.isEmpty
            ? [] : (0..<layers).map { layer in Statistics.mean(neutral.map { recovery(layer, $0) }) }
    }

    /// The layers the hypothesis calls early, and late.
    static func early(of layers: Int) -> Range<Int> { 0..<max(1, layers / 3) }
    static func late(of layers: Int) -> Range<Int> { min(layers - 1, layers - layers / 7)..<layers }

    static func mean(_ values: [Double], _ range: Range<Int>) -> Double { Statistics.mean(Array(values[range])) }
}
