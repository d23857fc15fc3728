internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Stickers that make a classifier take a thing for another, however it is looked at: robust physical perturbations, by the
/// expectation over transformations of the loss (Eykholt et al. 2017, *Robust Physical-World Attacks on Deep Learning
/// Models*, arXiv:1707.08945; Athalye, Engstrom, Ilyas, Kwok 2017, arXiv:1707.07397).
///
/// Minimizes `E_view CE(f(view(s)), target) + λ Σ s (1 - s)` over gray values s from 0 to 1; the second term, which rises
/// during the attack, asks for black and white, the colors that are printed.
public struct StickerAttack: SettingGroup {
    @Setting("Steps of an attack.", 1...10_000) public var attackSteps = 250
    @Setting("Views in a step of an attack.", 1...1024) public var attackViews = 24
    @Setting("Learning rate of the gray values, by Adam.", 1e-4...1) public var attackRate = 0.05
    @Setting("Weight of the term that asks for black and white, at the end.", 0...10) public var printability = 0.02
    @Setting("Share of the steps, the last ones, whose pictures show the stickers as they are printed.", 0...1)
    public var printedShare = 0.5

    /// The attack of the quick experiment.
    public init() {}

    /// The stickers found.
    ///
    /// - Parameters:
    ///   - network: the classifier, `[B, …] -> [B, K]`.
    ///   - target: the class that it should see.
    ///   - cells: the number of gray values.
    ///   - isPrinted: whether the values end as 0 or 1.
    ///   - key: of the values that the attack begins with.
    ///   - views: the pictures of a step, as functions of the values.
    /// - Throws: `ModelError` where the loss is not a number, and what `views` throws.
    public func stickers(
        against network: NetworkGraph, target: Int, cells: Int, isPrinted: Bool, key: RandomKey,
        views: (Int) throws -> [StickerView]
    ) throws -> [Float] {
        let point = HookPoint.outside(Site(rawValue: "\(network.nodes[0].name).hook_out"))
        var values = Tensor.uniform([cells], bound: 0.05, key: key) + 0.5
        var optimizer = Adam(learningRate: attackRate)
        for step in 0..<attackSteps {
            let views = try views(step)
            let isShownPrinted = isPrinted && Double(step) >= (1 - printedShare) * Double(attackSteps)
            let current = isShownPrinted ? Self.printed(values) : values.elements
            let pictures = Tensor(views.flatMap { $0.picture(current) }, shape: [views.count, views[0].base.count])
            let run = try network.gradients(pictures, recording: .only(point)) { logits in
                logits.crossEntropy([Int](repeating: target, count: views.count))
            }
            guard let found = run.gradients[point]?.elements else { unmet("a network hands its input to the hooks") }
            var gradient = [Float](repeating: 0, count: cells)
            let size = pictures.shape[1]
            for (index, view) in views.enumerated() {
                view.addGradient(found[index * size..<(index + 1) * size], to: &gradient)
            }
            if isPrinted {
                let weight = Float(printability * Double(step) / Double(attackSteps))
                let gray = values.elements
                for cell in 0..<cells { gradient[cell] += weight * (1 - 2 * gray[cell]) }
            }
            optimizer.update(&values, along: Tensor(gradient, shape: [cells]))
            values = values.clamped(to: 0...1)
        }
        return isPrinted ? Self.printed(values) : values.elements
    }

    /// Black or white, whichever is nearer.
    private static func printed(_ values: Tensor) -> [Float] { values.elements.map { $0 < 0.5 ? 0 : 1 } }

    /// The share of views in which a classifier sees a class.
    public static func share(
        of views: [StickerView], seenAs target: Int, by network: NetworkGraph, with stickers: [Float]
    ) -> Double {
        let classes = predictions(views, by: network, with: stickers)
        return Double(classes.count { $0 == target }) / Double(max(1, classes.count))
    }

    /// The class that a classifier sees in each view.
    public static func predictions(
        _ views: [StickerView], by network: NetworkGraph, with stickers: [Float]
    ) -> [Int] {
        stride(from: 0, to: views.count, by: 128).flatMap { first in
            let part = views[first..<min(first + 128, views.count)]
            let pictures = Tensor(
                part.flatMap { $0.picture(stickers) }, shape: [part.count, part[part.startIndex].base.count])
            return network(pictures).argmaxOfRows()
        }
    }
}
