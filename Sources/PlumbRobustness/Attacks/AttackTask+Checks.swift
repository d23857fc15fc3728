internal import PlumbBasics
internal import PlumbTensor

extension AttackTask {
    /// Samples with their logits, once all of it was found fit for an attack.
    init(
        _ queries: inout ModelQueries, images: Tensor, labels: [Int], targets: [Int]?, bounds: ClosedRange<Float>,
        key: RandomKey
    ) throws {
        try Self.check(images, labels, targets, bounds)
        let logits = queries.logits(images)
        guard logits.shape.count == 2, logits.shape[0] == labels.count, logits.shape[1] > 1 else {
            throw AttackError(
                "an attack needs a classifier of two classes or more, and the network gives \(logits.shape) for "
                    + "\(labels.count) samples")
        }
        let classes = logits.shape[1]
        for (row, label) in (labels + (targets ?? [])).enumerated() where !(0..<classes).contains(label) {
            let what =
                row < labels.count
                ? "label \(label) of sample \(row)" : "target \(label) of sample \(row - labels.count)"
            throw AttackError("\(what) is none of the network's classes 0 to \(classes - 1)")
        }
        var keys: [RandomKey] = []
        var bad: Int?
        logits.forEachRow { row, z, _, _ in if bad == nil, !z.allSatisfy(\.isFinite) { bad = row } }
        if let bad { throw AttackError("the network's logits for sample \(bad) are not finite numbers") }
        images.forEachRow { row, x, _, _ in keys.append(Self.key(of: x, labels[row], key)) }
        self.init(images: images, labels: labels, targets: targets, logits: logits, keys: keys)
    }

    /// A sample's own key follows from what is in it, so that it does not depend on the sample's place in a batch.
    private static func key(of x: Row, _ label: Int, _ key: RandomKey) -> RandomKey {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in x { hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01B3 }
        return key[Int(truncatingIfNeeded: hash)][label]
    }

    private static func check(
        _ images: Tensor, _ labels: [Int], _ targets: [Int]?, _ bounds: ClosedRange<Float>
    ) throws {
        guard images.shape.count > 1, images.shape[0] == labels.count, images.count > 0 else {
            throw AttackError(
                "an attack needs samples [B, …] with a label each, got samples \(images.shape) and \(labels.count) labels"
            )
        }
        guard targets.map({ $0.count == labels.count }) ?? true else {
            throw AttackError("\(labels.count) samples need as many targets, got \(targets?.count ?? 0)")
        }
        if let targets, let row = labels.indices.first(where: { labels[$0] == targets[$0] }) {
            throw AttackError("the target of sample \(row) is its right class \(labels[row]): choose another one")
        }
        var fault: AttackError?
        images.forEachRow { row, x, _, _ in
            guard fault == nil, let place = x.firstIndex(where: { !bounds.contains($0) }) else { return }
            fault = AttackError(
                x[place].isFinite
                    ? "sample \(row) has the value \(x[place]) at place \(place), outside the bounds "
                        + "\(bounds.lowerBound) to \(bounds.upperBound): rescale the samples or give their bounds"
                    : "sample \(row) has a value that is not a finite number at place \(place): mend or leave out that sample"
            )
        }
        if let fault { throw fault }
    }
}
