import PlumbData
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

struct CertifiedTrainingTests {
    @Test("The worst logits of training are those of interval bounds")
    func worstLogits() throws {
        for network in [try BoundNetworks.everything(), BoundNetworks.perceptron([72, 10, 4], seed: 2)] {
            let x = Tensor.normal([3, 72], key: RandomKey(1))
            let box = Interval(around: x, radius: 0.05)
            let labels = [0, 2, 3]
            let worst = IntervalLoss.worstLogits(network, box.lower, box.upper, labels).elements
            var weights = [Float](repeating: 0, count: 3 * 4 * 4)
            for sample in 0..<3 {
                for other in 0..<4 where other != labels[sample] {
                    weights[(sample * 4 + other) * 4 + labels[sample]] = 1
                    weights[(sample * 4 + other) * 4 + other] = -1
                }
            }
            let bounds = try BoundPropagation(network)
            let found = bounds.lowerBounds(box, of: Tensor(weights, shape: [12, 4]), .intervals).elements
            for (mine, other) in zip(worst, found) { #expect(abs(mine + other) < 1e-3 * max(1, abs(mine))) }
        }
    }

    @Test("Training on intervals certifies points that plain training leaves open")
    func trainingOnIntervals() throws {
        let blobs = LabeledPoints.blobs(
            400, centers: Tensor([0.25, 0.25, 0.75, 0.75] as [Float], shape: [2, 2]), deviation: 0.05, key: RandomKey(1)
        )
        let data = LabeledImages(
            images: blobs.points.clamped(to: 0...1).reshaped([blobs.count, 1, 2, 1]), labels: blobs.labels,
            classNames: ["a", "b"])
        var training = CertifiedTraining()
        training.epochs = 80
        var certified: [Int] = []
        for objective in [CertifiedTraining.Objective.plain, .intervals(radius: 0.15)] {
            let network = NetworkGraph(MLP([2, 32, 32, 2], initializer: .heNormal, key: RandomKey(2)))
            let trained = try training.train(network, data, objective, key: RandomKey(3))
            let box = Interval(around: data.vectors, radius: 0.15, within: 0...1)
            let margins = CertificationStudy.margins(data.labels, classes: 2)
            let bounds = try BoundPropagation(trained).lowerBounds(box, of: margins, .intervals)
            certified.append(bounds.elements.count { $0 > 0 })
        }
        #expect(certified[1] > 300)
        #expect(certified[1] > certified[0] + 40)
    }
}
