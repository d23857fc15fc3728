import PlumbModels
import PlumbNN
@testable import PlumbRobustness
import PlumbTensor
import Testing

struct AttackBatteryTests {
    typealias Fixture = ClassifierFixture

    @Test("A battery takes the worst attack of every sample, each attack on what is left")
    func pointwiseWorst() throws {
        let set = PerturbationSet(.linf, radius: 0.15)
        let battery = AttackBattery.standard(set, steps: 20, queries: 100, targets: 3)
        let result = try battery.run(
            Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(0))
        var open = result.correct.count { $0 }
        for part in result.parts {
            #expect(part.tried == open)
            open -= part.broken
        }
        #expect(open == result.robust.count { $0 } && result.accuracy < result.cleanAccuracy)
        let answers = Fixture.network(result.adversarial).argmaxOfRows()
        for row in 0..<Fixture.count { #expect(result.robust[row] == (answers[row] == Fixture.labels[row])) }
        for attack in battery.attacks {
            let alone = try attack.run(
                Fixture.network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(0))
            #expect(alone.accuracy >= result.accuracy)
        }
    }

    @Test("What a battery finds does not depend on how many samples go through it together")
    func independentOfTheBatch() throws {
        let battery = AttackBattery.standard(PerturbationSet(.linf, radius: 0.1), steps: 10, queries: 50, targets: 2)
        func run(_ batch: Int?) throws -> BatteryResult {
            try battery.run(
                Fixture.network, images: Fixture.images, labels: Fixture.labels, batch: batch, key: RandomKey(6))
        }
        let (whole, parts) = (try run(nil), try run(7))
        #expect(whole.adversarial == parts.adversarial && whole.robust == parts.robust)
        #expect(whole.distances == parts.distances && whole.parts == parts.parts)
    }

    private func flags(_ network: some HookedModel<Tensor>) throws -> Set<MaskingFlag.Kind> {
        var diagnosis = MaskingDiagnosis(PerturbationSet(.linf, radius: 0.2))
        (diagnosis.steps, diagnosis.queries) = (40, 500)
        let result = try diagnosis.run(
            network, images: Fixture.images, labels: Fixture.labels, key: RandomKey(2))
        return Set(result.flags.map(\.kind))
    }

    @Test("An unmasked network raises no flag, and each mask raises its own")
    func flagsMasks() throws {
        func masked(_ mask: MaskedNetwork<NetworkGraph>.Mask) -> MaskedNetwork<NetworkGraph> {
            MaskedNetwork(Fixture.network, mask, key: RandomKey(0))
        }
        #expect(try flags(Fixture.network) == [])
        let scaled = try flags(masked(.scaledLogits(300)))
        #expect(scaled.isSuperset(of: [.zeroGradients, .blackBoxIsStronger, .resistsUnlimitedChanges]))
        #expect(try flags(masked(.probabilities(temperature: 1))).contains(.probabilities))
        #expect(try flags(masked(.noise(0.05))).contains(.varyingLogits))
        let rounded = try flags(masked(.roundedInputs(steps: 16)))
        #expect(rounded.isSuperset(of: [.zeroGradients, .blackBoxIsStronger, .resistsUnlimitedChanges]))
        let few = NetworkGraph(MLP([16, 3], key: RandomKey(0)))
        let three = try MaskingDiagnosis(PerturbationSet(.linf, radius: 0.1)).run(
            few, images: Fixture.images, labels: Fixture.labels.map { $0 % 3 }, key: RandomKey(0))
        #expect(three.flags.contains(.tooFewClasses(3)))
    }

    /// Four classes, the second of which wins where all numbers rise by nearly the radius. The gradient leads there from a
    /// sample itself, and away from there almost everywhere else.
    private struct Wall: HookedModel {
        mutating func visit(_ visitor: inout ParameterVisitor) {}
        func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
            let m = x.mean(axis: -1, keepingAxis: true) - 0.5
            let near = (0.01 * Tensor(repeating: 1, shape: m.shape) - m.absolute()).relu() * 50
            let second = near - m * 0.5 + (m - 0.27).relu() * 200 - 1
            let zeros = Tensor.zeros(m.shape)
            return Tensor.concatenated([zeros, second, zeros - 9, zeros - 9], axis: 1)
        }
    }

    @Test("A network in which many steps get lost, and one does not, is flagged")
    func flagsSingleStep() throws {
        let images = Tensor(repeating: 0.499, shape: [40, 16])
        var random = RandomKey(1).generator()
        let noise = Tensor((0..<640).map { _ in Float(0.0004 * (random.uniform() - 0.5)) }, shape: [40, 16])
        var diagnosis = MaskingDiagnosis(PerturbationSet(.linf, radius: 0.3))
        (diagnosis.steps, diagnosis.queries) = (40, 50)
        let result = try diagnosis.run(
            Wall(), images: images + noise, labels: [Int](repeating: 0, count: 40), key: RandomKey(2))
        #expect(result.singleStep < 0.1 && result.iterative > 0.5)
        #expect(result.flags.map(\.kind).contains(.singleStepIsStronger))
    }
}
