import PlumbData
import PlumbLearning
import PlumbModels
import PlumbNN
@testable import PlumbRobustness
import PlumbTensor

/// A small perceptron trained on blobs in eight dimensions, and points to attack.
enum ClassifierFixture {
    static let count = 48, width = 16, classes = 5

    static let images: Tensor = {
        var random = RandomKey(5).generator()
        let centers = (0..<classes).map { _ in (0..<width).map { _ in random.uniform() } }
        let values = labels.flatMap { label in
            centers[label].map { Float(min(1, max(0, $0 + 0.15 * random.normal()))) }
        }
        return Tensor(values, shape: [count, 4, 4, 1])
    }()

    static let labels = (0..<count).map { $0 % classes }

    static let network: NetworkGraph = {
        var training = RobustTraining()
        (training.epochs, training.batch, training.learningRate) = (60, 16, 0.01)
        let start = NetworkGraph(MLP([width, 24, classes], initializer: .heNormal, key: RandomKey(1)))
        do {
            return try training.train(start, inputs: images, labels: labels, by: .plain, key: RandomKey(2))
        } catch { fatalError("\(error)") }
    }()

    /// Every attack, with few steps.
    static func attacks(_ radius: Double = 0.15) -> [any Attack] {
        let (linf, l2) = (PerturbationSet(.linf, radius: radius), PerturbationSet(.l2, radius: 4 * radius))
        let l1 = PerturbationSet(.l1, radius: 10 * radius)
        var everything: [any Attack] = [linf, l2, l1].flatMap { set -> [any Attack] in
            [
                RandomNoise(set), FGSM(set), PGD(set, steps: 6, restarts: 2, relativeStep: 0.25),
                AutoPGD(set, .crossEntropy, steps: 15), AutoPGD(set, .differenceOfLogitsRatio, steps: 15),
                AutoPGD(set, .targets(3), steps: 10), FAB(set, steps: 8, targetClasses: 2),
                FAB(set, steps: 8, restarts: 2, targetClasses: nil),
            ]
        }
        everything += [SquareAttack(linf, queries: 60), SquareAttack(l2, queries: 60)] as [any Attack]
        everything += [DeepFool(.l2), DeepFool(.linf)] as [any Attack]
        everything +=
            [CarliniWagner(searches: 4, steps: 40, firstConstant: 0.1), HopSkipJump(steps: 3)] as [any Attack]
        everything.append(
            ExpectationOverTransformation(PGD(linf, steps: 6, relativeStep: 0.25), draws: 3, key: RandomKey(9)) {
                x, key in
                var random = key.generator()
                return x * Float(0.9 + 0.2 * random.uniform())
            })
        return everything
    }
}
