internal import PlumbBasics
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Changes what a maze network sees, so that it does something else than it would: projected gradient ascent on the
/// cross-entropy between its moves with and without the change (Madry et al. 2018, arXiv:1706.06083).
///
/// No entry changes by more than the size, and all stay from 0 to 1, so that below 0.5 rounding would undo the change.
public struct ObservationAttack: SettingGroup {
    @Setting("The most by which the attack changes an entry of an observation, each of which is 0 or 1.", 0...1)
    public var attackSize = 0.1
    @Setting("Gradient steps of the attack at each move.", 1...1000)
    public var attackSteps = 5

    /// The attack with the reference settings.
    public init() {}

    /// The attacked observations.
    ///
    /// - Shapes: `observations` and result `[B, 3 · rows · columns]`, from 0 to 1.
    public func attacked(_ observations: Tensor, of model: MazePolicy) -> Tensor {
        let clean = model(observations).softmax()
        let step = Float(2 * attackSize / Double(attackSteps))
        // At the observation itself the gradient of this loss is zero for a certain network: begin beside it.
        var changed = moved(observations, from: observations, by: Float(attackSize) / 8) { index in
            index.isMultiple(of: 2) ? 1 : -1
        }
        for _ in 0..<attackSteps {
            let gradient = valueWithPullback(at: changed) { model($0).crossEntropy(distributions: clean) }.gradient
            let slopes = gradient.elements
            changed = moved(changed, from: observations, by: step) { slopes[$0] > 0 ? 1 : slopes[$0] < 0 ? -1 : 0 }
        }
        return changed
    }

    /// Observations changed by the size at every entry, up or down at random.
    ///
    /// - Shapes: as ``attacked(_:of:)``.
    public func disturbed(_ observations: Tensor, key: RandomKey) -> Tensor {
        var random = key.generator()
        let signs = (0..<observations.count).map { _ in random.next() & 1 == 0 ? Float(1) : -1 }
        return moved(observations, from: observations, by: Float(attackSize)) { signs[$0] }
    }

    private func moved(
        _ values: Tensor, from center: Tensor, by step: Float, along sign: (Int) -> Float
    ) -> Tensor {
        let (size, values, origin) = (Float(attackSize), values.elements, center.elements)
        return Tensor(
            values.indices.map { index in
                let value = min(origin[index] + size, max(origin[index] - size, values[index] + step * sign(index)))
                return min(1, max(0, value))
            }, shape: center.shape)
    }
}
