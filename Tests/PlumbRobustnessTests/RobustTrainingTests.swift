import PlumbModels
import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

struct RobustTrainingTests {
    typealias Fixture = ClassifierFixture

    private let set = PerturbationSet(.linf, radius: 0.15)

    private func trained(_ method: RobustTraining.Method) throws -> NetworkGraph {
        var training = RobustTraining()
        (training.epochs, training.batch, training.learningRate) = (60, 16, 0.01)
        let start = NetworkGraph(
            MLP([Fixture.width, 24, Fixture.classes], initializer: .heNormal, key: RandomKey(1)))
        return try training.train(
            start, inputs: Fixture.images, labels: Fixture.labels, by: method, key: RandomKey(2))
    }

    private func robustAccuracy(_ network: NetworkGraph) throws -> Double {
        try AttackBattery.standard(set, steps: 20, queries: 100, targets: 3).run(
            network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(0)
        ).accuracy
    }

    @Test("Training against an attacker withstands attacks better than plain training, whichever way it is done")
    func withstandsAttacks() throws {
        let plain = try robustAccuracy(Fixture.network)
        let methods: [RobustTraining.Method] = [
            .adversarial(set, steps: 5, relativeStep: 0.4), .fast(set, relativeStep: 1.25),
            .trades(set, beta: 6, steps: 5, relativeStep: 0.4),
        ]
        for method in methods {
            let robust = try robustAccuracy(trained(method))
            #expect(robust > plain + 0.1, "\(method): \(robust) against \(plain)")
        }
    }

    @Test("The same key gives the same network")
    func isRepeatable() throws {
        let method = RobustTraining.Method.adversarial(set, steps: 2, relativeStep: 0.5)
        let (one, other) = (try trained(method), try trained(method))
        #expect(zip(one.parameters, other.parameters).allSatisfy { $0.tensor == $1.tensor })
    }

    @Test("One change for all samples is found on some and breaks others, within its radius")
    func universalChange() throws {
        let universal = UniversalPerturbation(PerturbationSet(.linf, radius: 0.3))
        let half = Array(0..<Fixture.count / 2), rest = Array(Fixture.count / 2..<Fixture.count)
        let change = try universal.find(
            Fixture.network, images: Fixture.images.gathered(half), labels: half.map { Fixture.labels[$0] },
            key: RandomKey(3))
        #expect(change.elements.allSatisfy { abs($0) <= 0.3 })
        let others = Fixture.images.gathered(rest)
        let changed = universal.applied(change, to: others)
        #expect(universal.set.contains(changed, around: others).allSatisfy { $0 })
        let right = zip(Fixture.network(changed).argmaxOfRows(), rest).count { $0 == Fixture.labels[$1] }
        #expect(Double(right) / Double(rest.count) < 0.75)
    }
}
