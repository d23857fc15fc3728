import PlumbModels
import PlumbNN
@testable import PlumbRobustness
import PlumbTensor
import Testing

struct AttackTests {
    typealias Fixture = ClassifierFixture

    private func title(_ attack: any Attack) -> String { "\(attack.name) \(attack.set.norm.rawValue)" }

    @Test("The fixture is learned, so that there is something to attack")
    func learned() throws {
        let result = try RandomNoise(PerturbationSet(.linf, radius: 0)).run(
            Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(0))
        #expect(result.accuracy > 0.9)
    }

    @Test("What an attack does to a sample does not depend on its batch")
    func independentOfTheBatch() throws {
        for attack in Fixture.attacks() {
            func run(_ rows: [Int]) throws -> AttackResult {
                try attack.run(
                    Fixture.network, images: Fixture.images.gathered(rows), labels: rows.map { Fixture.labels[$0] },
                    key: RandomKey(3))
            }
            let rows = Array(0..<Fixture.count)
            let (first, second) = (Array(rows[..<20]), Array(rows[20...].reversed()))
            let (whole, one, other) = (try run(rows), try run(first), try run(second))
            #expect(whole.adversarial.gathered(first) == one.adversarial, "\(title(attack))")
            #expect(whole.adversarial.gathered(second) == other.adversarial, "\(title(attack))")
            #expect(second.map { whole.succeeded[$0] } == other.succeeded, "\(title(attack))")
            #expect(first.map { whole.distances[$0] } == one.distances, "\(title(attack))")
        }
    }

    @Test("Changes stay in the set by double precision, on success and on failure")
    func staysInside() throws {
        for radius in [0.02, 0.15] {
            for attack in Fixture.attacks(radius) {
                let result = try attack.run(
                    Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(4))
                let set = attack.set
                #expect(
                    set.contains(result.adversarial, around: Fixture.images).allSatisfy { $0 },
                    "\(title(attack)): \(result.distances.max() ?? 0) of \(set.radius)")
                #expect(result.distances == set.norm.distances(result.adversarial, from: Fixture.images))
            }
        }
    }

    @Test("A sample counts as broken exactly where the network answers otherwise")
    func countsWhatIsBroken() throws {
        for attack in Fixture.attacks() where !(attack.name.hasPrefix("EOT")) {
            let result = try attack.run(
                Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(4))
            let answers = Fixture.network(result.adversarial).argmaxOfRows()
            #expect(zip(answers, Fixture.labels).map { $0 != $1 } == result.succeeded, "\(title(attack))")
        }
    }

    @Test("Attacks break far more samples than noise of equal size, and failed ones return a change")
    func breaksMoreThanNoise() throws {
        for attack in Fixture.attacks(0.25) where attack.name != "random noise" {
            let noise = RandomNoise(attack.set.radius.isFinite ? attack.set : PerturbationSet(.l2, radius: 1))
            func run(_ attack: any Attack) throws -> AttackResult {
                try attack.run(Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(6))
            }
            let (attacked, control) = (try run(attack), try run(noise))
            #expect(
                attacked.accuracy < control.accuracy - 0.2,
                "\(title(attack)): \(attacked.accuracy), \(control.accuracy)")
            #expect(!zip(attacked.succeeded, attacked.distances).contains { !$0 && $1 == 0 }, "\(title(attack))")
        }
    }

    @Test("Targeted attacks lead to the target, and only that counts")
    func leadsToTheTarget() throws {
        let set = PerturbationSet(.linf, radius: 0.5)
        let targets = Fixture.labels.map { ($0 + 1) % Fixture.classes }
        let attacks: [any Attack] = [
            PGD(set), PGD(set, loss: .margin), AutoPGD(set, .crossEntropy), AutoPGD(set, .differenceOfLogitsRatio),
            FAB(set),
            SquareAttack(set, queries: 300), DeepFool(), CarliniWagner(searches: 5, steps: 100, firstConstant: 0.1),
        ]
        for attack in attacks {
            let result = try attack.run(
                Fixture.network, images: Fixture.images, labels: Fixture.labels, targets: targets, key: RandomKey(7))
            let answers = Fixture.network(result.adversarial).argmaxOfRows()
            #expect(zip(answers, targets).map { $0 == $1 } == result.succeeded, "\(title(attack))")
            #expect(result.accuracy < 0.4, "\(title(attack)) leaves \(result.accuracy)")
        }
    }

    @Test("A broken sample leaves the batch: an attack that succeeds at once costs little")
    func brokenSamplesLeave() throws {
        let set = PerturbationSet(.linf, radius: 0.9)
        let result = try PGD(set, steps: 40, relativeStep: 1).run(
            Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(1))
        #expect(result.accuracy == 0)
        #expect(result.gradients < 10 * Fixture.count)
    }

    @Test("Samples outside the bounds, no numbers, wrong labels and too few classes are refused with a sentence")
    func refuses() throws {
        let attack = AutoPGD(PerturbationSet(.linf, radius: 0.1), .targets(3), steps: 2)
        func error(_ images: Tensor, _ labels: [Int], targets: [Int]? = nil, _ network: NetworkGraph = Fixture.network)
            -> String
        {
            do {
                _ = try attack.run(network, images: images, labels: labels, targets: targets, key: RandomKey(0))
                return ""
            } catch { return "\(error)" }
        }
        func images(_ value: Float) -> Tensor {
            Tensor([0.5, value] + [Float](repeating: 0, count: 14), shape: [1, 16])
        }
        #expect(error(images(1.5), [0]).contains("outside the bounds 0.0 to 1.0"))
        #expect(error(images(.nan), [0]).contains("not a finite number"))
        #expect(error(images(1), [5]).contains("none of the network's classes 0 to 4"))
        #expect(error(images(1), [2], targets: [2]).contains("is its right class"))
        #expect(error(images(1), [2, 3]).contains("a label each"))
        let two = NetworkGraph(MLP([16, 3], key: RandomKey(0)))
        #expect(error(images(1), [0], two).contains("needs 4 classes or more, and the network has 3"))
    }
}
