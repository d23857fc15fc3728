import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

@Suite struct SyntheticDataTests {
    @Test func repeatedTokensRepeat() {
        let task = RepeatedTokens(vocabulary: 50, length: 20, period: 4...9, key: RandomKey(0))
        let batch = task.batch(64, step: 5)
        #expect((batch.tokens.rows, batch.tokens.columns) == (64, 20))
        for row in 0..<64 {
            let tokens = Array(batch.tokens[row])
            let period = batch.repeatsFrom[row]
            for position in period..<20 { #expect(tokens[position] == tokens[position - period]) }
            #expect(tokens.allSatisfy { (0..<50).contains($0) })
        }
        #expect(Set(batch.repeatsFrom) == Set(4...9))
        #expect(task.batch(64, step: 5) == batch)
        #expect(task.batch(64, step: 6) != batch)
    }

    @Test func aBeginningIsNotRepeated() {
        let batch = RepeatedTokens(vocabulary: 9, length: 9, beginning: 9, key: RandomKey(0)).batch(3, step: 0)
        for row in 0..<3 {
            let tokens = Array(batch.tokens[row])
            #expect(tokens[0] == 9)
            #expect(tokens[1...4] == tokens[5...8])
            #expect(batch.repeatsFrom[row] == 5)
        }
    }

    @Test func theTableOfModularAdditionIsWhole() {
        let task = ModularAddition(modulus: 5)
        #expect(task.vocabulary == 6)
        for row in 0..<25 {
            #expect(Array(task.table[row]) == [row / 5, row % 5, 5])
            #expect(task.sums[row] == (row / 5 + row % 5) % 5)
        }
        let (train, test) = task.split(train: 0.3, key: RandomKey(0))
        #expect((train.count, test.count) == (7, 18))
        #expect((train + test).sorted() == Array(0..<25))
        #expect(task.split(train: 0.3, key: RandomKey(0)).train == train)
        #expect(task.split(train: 0.3, key: RandomKey(1)).train != train)
    }

    @Test func blobsLieAboutTheirCenters() {
        let centers = Tensor([0, 0, 10, -10], shape: [2, 2])
        let blobs = LabeledPoints.blobs(4_000, centers: centers, deviation: 0.5, key: RandomKey(1))
        #expect(blobs.points.shape == [4_000, 2])
        for label in 0..<2 {
            let points = blobs[(0..<4_000).filter { blobs.labels[$0] == label }].points
            #expect(points.shape == [2_000, 2])
            for axis in 0..<2 {
                let values = stride(from: axis, to: 4_000, by: 2).map { Double(points.elements[$0]) }
                let mean = values.reduce(0, +) / 2_000
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2_000
                // Five standard errors of 0.5/√2000 and of 0.25·√(2/2000).
                #expect(abs(mean - Double(centers.elements[2 * label + axis])) < 0.056)
                #expect(abs(variance - 0.25) < 0.04)
            }
        }
    }

    @Test func moonsLieOnTheirHalfCircles() {
        let moons = LabeledPoints.twoMoons(500, noise: 0, key: RandomKey(4))
        for index in 0..<500 {
            let (x, y) = (moons.points.elements[2 * index], moons.points.elements[2 * index + 1])
            let isUpper = moons.labels[index] == 0
            let (dx, dy) = isUpper ? (x, y) : (x - 1, y - 0.5)
            #expect(abs(dx * dx + dy * dy - 1) < 1e-5)
            #expect(isUpper ? dy >= -1e-6 : dy <= 1e-6)
        }
        #expect(LabeledPoints.twoMoons(500, noise: 0.1, key: RandomKey(4)) != moons)
    }

    @Test(arguments: [0.0, 0.8, 0.99, 1.0]) func sparseFeaturesAreAsRareAsAsked(sparsity: Double) {
        let features = SparseFeatures(features: 5, sparsity: sparsity, key: RandomKey(7))
        let batch = features.batch(20_000, step: 3)
        #expect(batch.shape == [20_000, 5])
        let present = batch.elements.filter { $0 != 0 }
        #expect(present.allSatisfy { $0 > 0 && $0 < 1 })
        let density = Double(present.count) / 100_000
        // Five standard deviations of a proportion, and of the mean of a uniform number.
        #expect(abs(density - (1 - sparsity)) <= 5 * (sparsity * (1 - sparsity) / 100_000).squareRoot())
        if sparsity < 1 {
            let mean = present.reduce(0.0) { $0 + Double($1) } / Double(present.count)
            #expect(abs(mean - 0.5) < 5 * (1 / (12 * Double(present.count))).squareRoot())
        }
        #expect(features.batch(20_000, step: 3) == batch)
        #expect(sparsity == 1 || features.batch(20_000, step: 4) != batch)
    }
}
