import PlumbRobustness
import PlumbTensor
import Testing

struct PerturbationNormTests {
    @Test("Each norm measures every sample on its own")
    func measuresEverySample() {
        let original = Tensor([0, 0, 1, 1] as [Float], shape: [2, 2])
        let changed = Tensor([3, -4, 1, 0.5] as [Float], shape: [2, 2])
        #expect(PerturbationNorm.linf.distances(changed, from: original) == [4, 0.5])
        #expect(PerturbationNorm.l2.distances(changed, from: original) == [5, 0.5])
        #expect(PerturbationNorm.l1.distances(changed, from: original) == [7, 0.5])
    }
}
