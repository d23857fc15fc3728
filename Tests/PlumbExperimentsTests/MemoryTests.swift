import PlumbAlignment
import PlumbInterpretability
import PlumbRecords
import Testing

/// Estimates of memory are of the right size: what fits is not refused, what does not fit is.
@Suite struct MemoryTests {
    @Test func grokkingGrowsWithTheCubeOfTheModulus() {
        var study = GrokkingStudy()
        #expect(study.memory(controlSteps: 2000).bytes < 1e9)
        study.modulus = 999
        #expect(study.memory().bytes > 12e9)
        let refusal = #expect(throws: SettingsError.self) { try study.memory().check(present: 16e9) }
        #expect(refusal?.description.contains("--modulus 999 with --hidden 256") == true)
    }

    @Test func modelsThatAreKeptCount() {
        let study = SuperpositionStudy(
            features: 4096, dimensions: 4096, decay: 0.9, sparsity: 0.9, steps: 1, batch: 8, learningRate: 0.01)
        #expect(study.memory(models: 1000).bytes > 60e9)
        #expect(study.memory(models: 1).bytes < 2e9)
        let small = Copying.memory(models: 1, width: 64, heads: 4, vocabulary: 64, length: 40, batch: 64)
        #expect(small.bytes < 0.2e9)
    }

    @Test func longSegmentsCount() {
        var study = GridPreferenceStudy()
        #expect(study.memory(comparisons: 1400, runs: 2).bytes < 0.1e9)
        study.segmentLength = 10_000
        #expect(study.memory(comparisons: 100_000, runs: 2).bytes > 50e9)
    }
}
