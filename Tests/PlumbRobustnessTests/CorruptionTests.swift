import PlumbNN
import PlumbRobustness
import PlumbTensor
import Testing

@Suite struct CorruptionTests {
    /// Smooth pictures with three channels.
    private var pictures: Tensor {
        Tensor(
            (0..<4 * 12 * 12 * 3).map { index in
                let (row, column) = (index / 36 % 12, index / 3 % 12)
                return row > 2 && row < 9 && column > 3 && column < 8 ? 0.9 : 0.1 * Float(index % 3)
            }, shape: [4, 12, 12, 3])
    }

    @Test(arguments: Corruption.allCases) func picturesStayPicturesAndGetWorse(_ corruption: Corruption) {
        let changes = (1...Corruption.severities).map { severity in
            let result = corruption.applied(to: pictures, severity: severity, key: RandomKey(1))
            #expect(result.shape == pictures.shape)
            #expect(result.elements.allSatisfy { $0 >= 0 && $0 <= 1 })
            return zip(result.elements, pictures.elements).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
        }
        #expect(changes[0] > 0)
        #expect(changes[4] > changes[0])
    }

    @Test(arguments: Corruption.allCases) func drawsOfAPictureDependOnItsPlaceAlone(_ corruption: Corruption) {
        let whole = corruption.applied(to: pictures, severity: 3, key: RandomKey(2))
        let part = corruption.applied(to: pictures.gathered([0, 1]), severity: 3, key: RandomKey(2))
        #expect(whole.gathered([0, 1]) == part)
    }
}
