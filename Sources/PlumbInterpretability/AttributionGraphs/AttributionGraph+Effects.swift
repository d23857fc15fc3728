internal import PlumbBasics

extension AttributionGraph {
    /// What each feature contributes to a combination of logits along all paths of the graph: what the graph predicts
    /// to be missing when the feature is taken away. Features on the way shrink in proportion to what they lose.
    ///
    /// - Parameter weights: of the logits, in their order.
    /// - Returns: for each feature, in logits.
    public func effects(onLogits weights: [Double]) -> [Double] {
        require(
            weights.count == logits.count, "\(weights.count) weights are not one for each of \(logits.count) logits")
        var effects = [Double](repeating: 0, count: features.count)
        for row in rows.indices.reversed() {
            let scale: Double
            if row < features.count {
                let activation = Double(features[row].activation)
                scale = activation == 0 ? 0 : effects[row] / activation
            } else {
                scale = weights[row - features.count]
            }
            guard scale != 0 else { continue }
            for (source, weight) in zip(rows[row].sources, rows[row].weights) where source < features.count {
                effects[Int(source)] += scale * Double(weight)
            }
        }
        return effects
    }
}
