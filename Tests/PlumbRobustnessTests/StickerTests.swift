import PlumbLearning
import PlumbNN
import PlumbModels
import PlumbRecords
import PlumbRobustness
import PlumbTensor
import Testing

@Suite struct StickerTests {
    private let layout = StickerLayout(distance: 0.28, rows: 2, columns: 3, width: 1.12, height: 0.36)

    @Test(arguments: TrafficSign.allCases) func aSignIsDrawnInEveryView(_ sign: TrafficSign) {
        let pictures = (0..<3).map { SignView(key: RandomKey(1)[$0]).picture(of: sign).picture([]) }
        #expect(pictures.allSatisfy { $0.count == 32 * 32 * 3 && $0.allSatisfy { $0 >= 0 && $0 <= 1 } })
        #expect(pictures[0] != pictures[1])
        #expect(pictures[0] == SignView(key: RandomKey(1)[0]).picture(of: sign).picture([]))
    }

    @Test func aPictureIsLinearInTheGrayValuesOfItsStickers() {
        var view = SignView.frontal(key: RandomKey(2))
        view.noise = 0
        let picture = view.picture(of: .stop, stickers: layout)
        let zero = picture.picture([Float](repeating: 0, count: layout.cells))
        let whole = picture.picture([Float](repeating: 1, count: layout.cells))
        var sum = zero
        for cell in 0..<layout.cells {
            var one = [Float](repeating: 0, count: layout.cells)
            one[cell] = 1
            for (index, value) in picture.picture(one).enumerated() { sum[index] += value - zero[index] }
        }
        #expect(zip(sum, whole).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(whole != zero)
    }

    @Test func stickersLowerTheLossThatTheyAreMadeFor() throws {
        let network = NetworkGraph.convolutional(
            image: [32, 32, 3], channels: [2, 2], hidden: 8, classes: 8, key: RandomKey(3))
        var attack = StickerAttack()
        (attack.attackSteps, attack.attackViews) = (15, 4)
        let views = (0..<4).map { SignView(key: RandomKey(4)[$0]).picture(of: .stop, stickers: layout) }
        func loss(_ stickers: [Float]) -> Float {
            let pictures = Tensor(views.flatMap { $0.picture(stickers) }, shape: [4, 32 * 32 * 3])
            return network(pictures).crossEntropy([1, 1, 1, 1]).item
        }
        let found = try attack.stickers(
            against: network, target: 1, cells: layout.cells, isPrinted: false, key: RandomKey(5)
        ) { _ in views }
        #expect(found.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(loss(found) < loss([Float](repeating: 0.5, count: layout.cells)))
        let printed = try attack.stickers(
            against: network, target: 1, cells: layout.cells, isPrinted: true, key: RandomKey(5)
        ) { _ in views }
        #expect(printed.allSatisfy { $0 == 0 || $0 == 1 })
    }

    @Test func aStopSignIsNoTarget() {
        var study = SignStudy()
        study.target = .stop
        #expect(throws: RobustnessStudyError.self) { try study.run(StickerAttack(), key: RandomKey(6), in: .silent) }
    }
}
