import PlumbAlignment
import PlumbData
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Weak-to-strong generalization")
struct WeakToStrongTests {
    /// Pictures that are noisy copies of one pattern for each class.
    private func pictures(_ count: Int, classes: Int = 10) -> LabeledImages {
        let patterns = (0..<classes).map { index in
            var random = RandomKey(100)[index].generator()
            return (0..<64).map { _ in random.uniform() }
        }
        var random = RandomKey(7).generator()
        var pixels: [Float] = []
        var labels: [Int] = []
        for _ in 0..<count {
            let label = random.index(below: classes)
            labels.append(label)
            pixels += patterns[label].map { Float($0 + 0.5 * random.normal()) }
        }
        return LabeledImages(
            images: Tensor(pixels, shape: [count, 8, 8, 1]), labels: labels, classNames: (0..<classes).map { "\($0)" })
    }

    private func study() -> WeakToStrongStudy {
        var study = WeakToStrongStudy()
        (study.weakLabels, study.studentLabels, study.components) = (40, 200, 12)
        return study
    }

    private func network() -> WeakToStrongNetwork {
        var network = WeakToStrongNetwork()
        (network.hidden, network.steps) = (8, 5)
        return network
    }

    @Test("On the student's own inputs its gain is its misfit, to rounding, where the target is in reach")
    func identity() throws {
        var random = RandomKey(3).generator()
        func matrix(_ columns: Int) -> DoubleMatrix {
            DoubleMatrix((0..<60 * columns).map { _ in random.normal() }, rows: 60, columns: columns)
        }
        let (inputs, supervisor, truth) = (matrix(5), matrix(3), matrix(3))
        func fitted(_ targets: DoubleMatrix) throws -> DoubleMatrix {
            try RidgeRegression(inputs, targets: targets, penalty: 0)(inputs)
        }
        func misfit(to target: DoubleMatrix) throws -> Misfit {
            let student = try fitted(supervisor)
            return Misfit(
                weakError: supervisor.meanSquaredDistance(to: target),
                studentError: student.meanSquaredDistance(to: target),
                misfit: supervisor.meanSquaredDistance(to: student))
        }
        #expect(try abs(misfit(to: fitted(truth)).violation) < 1e-12)
        #expect(try abs(misfit(to: truth).violation) > 1e-3)
    }

    @Test("On fresh inputs the equation is wrong by what theory says, and less for more labels")
    func freshInputs() throws {
        var study = study()
        (study.sizes, study.draws) = ([250, 1000], 20)
        let curve = try study.run(pictures(600), key: RandomKey(1), network: network()).misfits
        #expect(curve.sizes == [250, 1000] && curve.predicted[0] == 4 * curve.predicted[1])
        for (found, predicted) in zip(curve.reachable, curve.predicted) {
            #expect(predicted < 0 && abs(found / predicted - 1) < 0.35, "\(found), theory \(predicted)")
        }
        // Out of reach an error stays that no number of labels removes.
        #expect(abs(curve.unreachable[1]) > 2 * abs(curve.reachable[1]))
    }

    @Test("The exponent of a power law is found, and is unknown where there is none")
    func slope() {
        func curve(_ scale: Double) -> MisfitCurve {
            let values = [100.0, 400, 1600].map { -scale / $0 }
            return MisfitCurve(
                sizes: [100, 400, 1600], reachable: values, predicted: values, unreachable: [-1, -1, -1])
        }
        #expect(abs(MisfitCurve.slope([curve(1), curve(3)], \.reachable) + 1) < 1e-12)
        #expect(MisfitCurve.slope([curve(1)], \.unreachable) == 0)
        #expect(MisfitCurve.slope([curve(-1)], \.reachable).isNaN && MisfitCurve.slope([], \.reachable).isNaN)
    }

    @Test("Errors are counted by class: the supervisor's, the student's, those it repeats and those it corrects")
    func errors() {
        let errors = SupervisorErrors(
            supervisor: [0, 1, 1, 0], student: [0, 1, 0, 1], labels: [0, 0, 0, 1], classes: 2)
        #expect(errors.pictures == [3, 1] && errors.supervisor == [2, 1] && errors.student == [1, 0])
        #expect(errors.repeated == [1, 0] && errors.corrected == [1, 1])
        #expect(errors.repeatedShare == 1.0 / 3 && errors.correctedShare == 2.0 / 3)
        let table = SupervisorErrors.table([errors, errors], classNames: ["a", "b"])
        #expect(table.values == [[2.0 / 3, 1.0 / 3, 0.5, 0.5], [1, 0, 0, 1]])
    }

    @Test("Settings that need more pictures than there are end with a sentence that names the options")
    func tooFewPictures() throws {
        try study().check(pictures: study().leastPictures)
        let error = #expect(throws: SettingsError.self) { try study().check(pictures: 339) }
        #expect(error?.description.contains("--weak-labels 40 and --student-labels 200 need 340 pictures") == true)
    }

    @Test("True labels teach most, shuffled ones nothing, and the same features nothing new")
    func outcome() throws {
        let outcome = try study().run(pictures(700), key: RandomKey(2), network: network())
        #expect(outcome.gap.ceiling > outcome.gap.weak + 0.1)
        #expect(outcome.gap.weakToStrong > outcome.gap.weak)
        #expect(outcome.shuffled < 0.3)
        // Regression on the same features gives the supervisor back, but for the penalty.
        #expect(abs(outcome.sameCapacitySoft.recovered) < 0.05)
        #expect(outcome.softGap.weak == outcome.gap.weak && outcome.sameCapacity.ceiling == outcome.gap.ceiling)
        #expect(
            outcome.network.advantageWithTruth == outcome.network.confidentWithTruth - outcome.network.plain.ceiling)
        #expect(outcome.network.plain.weak == outcome.network.confident.weak)
        #expect(outcome == (try study().run(pictures(700), key: RandomKey(2), network: network())))
    }
}
