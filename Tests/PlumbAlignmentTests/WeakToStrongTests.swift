import PlumbAlignment
import PlumbData
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

    @Test("What the student gains is its misfit, to rounding, where its target is in reach; elsewhere it is not")
    func identity() throws {
        let outcome = try study().run(pictures(500), key: RandomKey(1), network: network())
        #expect(outcome.misfits.map(\.weakLabels) == [20, 40, 80, 160].flatMap { [$0, $0, $0] })
        for point in outcome.misfits {
            #expect(point.weakError > 0 && point.misfit > 0)
            switch point.kind {
            case .population:
                #expect(abs(point.violation) < 1e-12 && abs(point.recovered - point.misfit / point.weakError) < 1e-12)
            case .fresh: #expect(abs(point.violation) < 0.3 && abs(point.violation) > 1e-6)
            case .outside: #expect(abs(point.violation) > 1e-4)
            }
        }
        let own = outcome.misfits.first { $0.kind == .population && $0.weakLabels == 40 }
        #expect(outcome.squaredErrorRecovered == own?.recovered)
        #expect(outcome.violations(.outside).count == 4 && outcome.violations(.outside).allSatisfy { $0 > 1e-4 })
    }

    @Test("Settings that need more pictures than there are end with a sentence that names the options")
    func tooFewPictures() throws {
        try study().check(pictures: study().leastPictures)
        let error = #expect(throws: SettingsError.self) { try study().check(pictures: 459) }
        #expect(error?.description.contains("--weak-labels 40 and --student-labels 200 need 460 pictures") == true)
    }

    @Test("Distances worked by hand")
    func misfitPoint() {
        // A right triangle with sides 3 and 4: squares 9, 16 and 25.
        let point = MisfitPoint(kind: .population, weakLabels: 1, weakError: 25, studentError: 16, misfit: 9)
        #expect(point.gain == 9 && point.violation == 0 && point.recovered == 9.0 / 25)
        let other = MisfitPoint(kind: .outside, weakLabels: 1, weakError: 10, studentError: 8, misfit: 3)
        #expect(other.violation == -0.1)
        let plot = MisfitPoint.plot([point, other])
        #expect(plot.groups.map(\.x) == [[9], [], [3]] && plot.groups.map(\.y) == [[9], [], [2]])
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
        #expect(outcome.network.plain.weak == outcome.network.confident.weak)
        #expect(outcome == (try study().run(pictures(700), key: RandomKey(2), network: network())))
    }
}
