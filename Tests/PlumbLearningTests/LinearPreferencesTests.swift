import Foundation
import PlumbLearning
import PlumbTensor
import Testing

@Suite struct LinearPreferencesTests {
    @Test func oneDimensionIsSolvedByHand() throws {
        // Three of four prefer the step of +1: σ(w) = .75 without a penalty, so w = log 3.
        let differences = [[1.0], [1], [1], [1]]
        let loose = try LinearPreferences(differences: differences, mu: [1, 1, 1, 0], penalty: 1e-9)
        #expect(abs(loose.weights[0] - log(3)) < 1e-6)
        // With one: 4 (σ(w) - .75) + w = 0.
        let w = try LinearPreferences(differences: differences, mu: [1, 1, 1, 0], penalty: 1).weights[0]
        #expect(abs(4 * (1 / (1 + exp(-w)) - 0.75) + w) < 1e-9)
    }

    @Test func theGradientVanishesAtTheFit() throws {
        var random = RandomKey(1).generator()
        let truth = [2.0, -1, 0.5]
        let differences = (0..<300).map { _ in truth.map { _ in random.normal() } }
        let mu = differences.map { row in
            random.uniform() < 1 / (1 + exp(-zip(row, truth).reduce(0) { $0 + $1.0 * $1.1 })) ? 1.0 : 0
        }
        let fit = try LinearPreferences(differences: differences, mu: mu, penalty: 0.5)
        for i in 0..<3 {
            let slope = zip(differences, mu).reduce(0.5 * fit.weights[i]) { sum, pair in
                sum + (1 / (1 + exp(-fit.reward(pair.0))) - pair.1) * pair.0[i]
            }
            #expect(abs(slope) < 1e-8)
            #expect(abs(fit.weights[i] - truth[i]) < 0.6)
        }
    }

    @Test func answersThatAPlaneCanTellApartHaveAFiniteFit() throws {
        let fit = try LinearPreferences(differences: [[100, 0], [-200, 1]], mu: [1, 0], penalty: 1e-6)
        #expect(fit.weights.allSatisfy(\.isFinite) && fit.weights[0] > 0)
    }

    @Test func numbersThatAreNoneAreRefused() {
        #expect(throws: PreferenceError.self) { try LinearPreferences(differences: [[1], [.nan]], mu: [1, 0]) }
        #expect(throws: PreferenceError.self) { try LinearPreferences(differences: [[1]], mu: [.nan]) }
        #expect(throws: PreferenceError.self) { try LinearPreferences(differences: [[1]], mu: [2]) }
    }

    @Test func featuresTooLargeForThePenaltyAreRefused() {
        // The curvature is 2.5e17 in every place, plus 1 on the diagonal, which rounding loses.
        let error = #expect(throws: PreferenceError.self) {
            try LinearPreferences(differences: [[1e9, 1e9]], mu: [1])
        }
        #expect(error?.description.contains("scale features down") ?? false)
    }
}
