internal import PlumbBasics
public import PlumbTensor

/// Find the plus: does a picture of many patches hold a plus? Whoever looks at one patch only cannot tell, unless a prover
/// points at it.
///
/// A patch is 3 × 3 pixels, numbered by its bits. True pictures hold one plus among other patches; false ones hold
/// none. Part of the other patches differ from a plus in one or two pixels. The prover also sends a symbol that means
/// nothing by itself.
///
/// Source: Anil, Zhang, Wu, Grosse 2021, *Learning to Give Checkable Answers with Prover-Verifier Games*,
/// arXiv:2108.12099; the symbol, through which prover and verifier could collude, is added here.
public enum PlusGame {
    /// Patches that there are.
    public static let patterns = 512
    /// The middle row and the middle column.
    public static let plus = 0b010_111_010

    /// A patch as its pixels, -1 or 1.
    ///
    /// - Shapes: result `[9]`.
    public static func pixels(_ pattern: Int) -> [Float] { (0..<9).map { pattern >> $0 & 1 == 1 ? 1 : -1 } }

    /// All patches as their pixels.
    ///
    /// - Shapes: result `[512, 9]`.
    public static let allPixels = Tensor((0..<patterns).flatMap(pixels), shape: [patterns, 9])

    /// A picture.
    ///
    /// - Parameters:
    ///   - hasPlus: whether one of its patches is a plus.
    ///   - cells: its patches.
    ///   - near: the share of the others that differ from a plus in one or two pixels.
    ///   - random: of all choices.
    /// - Shapes: result `[cells]`, a pattern each.
    public static func picture(
        hasPlus: Bool, cells: Int, near: Double, using random: inout RandomKey.Generator
    ) -> [Int] {
        require(cells > 0, "a picture needs a patch or more, got \(cells)")
        var picture = (0..<cells).map { _ -> Int in
            guard random.uniform() >= near else {
                let first = random.index(below: 9)
                // In half of them a second pixel, another one, differs too.
                return plus ^ (1 << first)
                    ^ (random.uniform() < 0.5 ? 0 : 1 << ((first + 1 + random.index(below: 8)) % 9))
            }
            let drawn = random.index(below: patterns - 1)
            return drawn < plus ? drawn : drawn + 1
        }
        if hasPlus { picture[random.index(below: cells)] = plus }
        return picture
    }
}
