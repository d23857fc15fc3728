import PlumbData
@testable import PlumbRecords
@testable import PlumbRobustness
import PlumbTensor
import Testing

struct AttackProgressTests {
    typealias Fixture = ClassifierFixture

    private final class Heard: RunObserver, @unchecked Sendable {
        var fractions: [Double] = []
        func receive(_ event: RunEvent) {
            if case .progress(_, let fraction, _) = event.kind { fractions.append(fraction) }
        }
    }

    private static let pictures = LabeledImages(
        images: Fixture.images, labels: Fixture.labels, classNames: (0..<Fixture.classes).map(String.init))

    private static let study: AttackStudy = {
        var study = AttackStudy()
        (study.steps, study.queries, study.diagnosisQueries, study.hops) = (3, 10, 10, 2)
        (study.smallest, study.answersOnly, study.universalSamples) = (4, 2, 8)
        return study
    }()

    @Test("Attacks tell how far they are: from nothing to one part before the end, never back")
    func everyPartIsCounted() throws {
        let heard = Heard()
        _ = try Self.study.run(
            Fixture.network, test: Self.pictures, train: Self.pictures, key: RandomKey(1),
            reporter: RunReporter.silent.heard(by: heard))
        let fractions = heard.fractions
        #expect(fractions.first == 0 && zip(fractions, fractions.dropFirst()).allSatisfy(<=))
        // The first two are attacks that begin one after the other, so that they differ by one part.
        #expect(abs((fractions.last ?? 0) + fractions[1] - 1) < 1e-9)
    }

    @Test("A run that was asked to stop ends before its first attack")
    func stops() throws {
        let interruption = RunInterruption()
        interruption.raise()
        let context = RunContext(seed: 0, interruption: interruption)
        #expect(throws: RunInterrupted.self) {
            _ = try Self.study.run(
                Fixture.network, test: Self.pictures, train: Self.pictures, key: RandomKey(1),
                reporter: context.reporter)
        }
    }
}
