public import PlumbModels

/// How much of the answer patches of the residual stream restore, layer by layer and position by position.
///
/// Recovery is (patched - corrupted) / (clean - corrupted): 0 leaves the corrupted answer, 1 restores the clean one
/// (Heimersheim, Nanda 2024, arXiv:2404.15255).
public struct RecoveryProfile: Sendable, Equatable {
    /// `[layer][position]`, positions counted within the part that both prompts have.
    public let cells: [[Double]]
    /// By layer: at the differing position that restores most.
    public let differing: [Double]
    /// By layer: at the last position.
    public let last: [Double]
    /// By layer: at the position between them, where the prompts agree, that restores most; empty where there is none.
    public let between: [Double]

    /// The profile of one pair from the sweep over its residual stream, whose values run over positions, then layers.
    public init(pair: TokenizedPair, result: PatchSweepResult, layers: Int) {
        let length = pair.alignedCount
        let full = result.clean - result.corrupted
        cells = (0..<layers).map { layer in
            (0..<length).map { (result.values[layer * length + $0] - result.corrupted) / full }
        }
        let places = pair.differing
        let neutral = ((places.first ?? 0)..<max(places.first ?? 0, length - 1)).filter { !places.contains($0) }
        differing = cells.map { row in places.map { row[$0] }.max() ?? 0 }
        last = cells.map { $0[length - 1] }
        between = neutral.isEmpty ? [] : cells.map { row in neutral.map { row[$0] }.max() ?? 0 }
    }

    /// The layers that the claims call early: the first third, without layer 0, in which a patch at the differing token is
    /// the whole clean run.
    public static func early(of layers: Int) -> Range<Int> {
        min(1, layers - 1)..<min(layers, max(2, layers / 3))
    }
    /// The layers that the claims call late: the last seventh.
    public static func late(of layers: Int) -> Range<Int> { min(layers - 1, layers - layers / 7)..<layers }

    /// What the table shows, in a sentence: the tokens whose patch alone restores more than half of the clean answer, each
    /// with the layers in which it does.
    ///
    /// - Parameter tokens: what to call the positions.
    public func conclusion(tokens: [String]) -> String {
        let places = tokens.indices.compactMap { position -> String? in
            let layers = cells.indices.filter { cells[$0][position] > 0.5 }
            return layers.isEmpty ? nil : "\u{201C}\(tokens[position])\u{201D} in \(Self.ranges(layers))"
        }
        guard !places.isEmpty else {
            return "No patch of the residual stream at a single token restores more than half of the clean answer."
        }
        let list =
            places.count == 1
            ? places[0] : places.dropLast().joined(separator: ", ") + ", and " + places[places.count - 1]
        return
            "Patching the residual stream at a single token restores more than half of the clean answer at \(list); at no "
            + "other token does it."
    }

    /// Whole numbers in rising order as ranges, for example "layers 0 to 21 and layer 24".
    public static func ranges(_ layers: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for layer in layers {
            if let last = runs.last, last.upperBound == layer - 1 {
                runs[runs.count - 1] = last.lowerBound...layer
            } else {
                runs.append(layer...layer)
            }
        }
        let texts = runs.map {
            $0.count == 1 ? "layer \($0.lowerBound)" : "layers \($0.lowerBound) to \($0.upperBound)"
        }
        return texts.count == 1 ? texts[0] : texts.dropLast().joined(separator: ", ") + " and " + texts[texts.count - 1]
    }
}
