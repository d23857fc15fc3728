import PlumbInterpretability
import PlumbNN
import PlumbTensor
import Testing

@Suite("Transformations of images")
struct TransformationTests {
    private let image = Tensor((0..<16).map(Float.init), shape: [1, 4, 4, 1])

    @Test("No transformation gives the image itself, bit for bit")
    func identity() {
        #expect(image.resampled(by: [AffineMap()]) == image)
        let drawn = ImageTransformations.none.draw(height: 4, width: 4, key: RandomKey(1))
        #expect(image.resampled(by: [drawn]) == image)
    }

    @Test("A shift by a pixel shows the neighbors, and gray beyond the edge")
    func shift() {
        let moved = image.resampled(by: [AffineMap(down: 1, right: 0)], fill: 0.5).elements
        #expect(moved == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0.5, 0.5, 0.5, 0.5])
        let half = image.resampled(by: [AffineMap(right: 0.5)], fill: 0).elements
        #expect(Array(half.prefix(4)) == [0.5, 1.5, 2.5, 1.5])
    }

    @Test("A quarter turn puts rows where columns were")
    func turn() {
        let turned = image.resampled(by: [AffineMap(turn: 90)]).elements
        let expected: [Float] = (0..<16).map { place in Float((place % 4) * 4 + 3 - place / 4) }
        let distance = zip(turned, expected).map { abs($0 - $1) }.max() ?? 1
        #expect(distance < 1e-4)
    }

    @Test("Halving the distance of pixels enlarges about the center")
    func enlarge() {
        let two = Tensor([0, 1, 2, 3] as [Float], shape: [1, 2, 2, 1])
        #expect(two.resampled(by: [AffineMap(scale: 0.5)]).elements == [0.75, 1.25, 1.75, 2.25])
    }

    @Test("Resampling is linear in images, but for the padding, and each image has its own map")
    func linear() {
        let maps = (0..<3).map { ImageTransformations().draw(height: 5, width: 6, key: RandomKey(7)[$0]) }
        let (x, y) = (Tensor.normal([3, 5, 6, 2], key: RandomKey(1)), Tensor.normal([3, 5, 6, 2], key: RandomKey(2)))
        let joint = (x * 2 - y).resampled(by: maps, fill: 0)
        let apart = x.resampled(by: maps, fill: 0) * 2 - y.resampled(by: maps, fill: 0)
        #expect((joint - apart).norm() < 1e-4)
        #expect(x.resampled(by: maps)[1..<2] == x[1..<2].resampled(by: [maps[1]]))
        #expect(maps[0] != maps[1])
    }

    @Test("The gradient of resampling is its transpose")
    func gradient() {
        let maps = [ImageTransformations().draw(height: 4, width: 4, key: RandomKey(3))]
        let (x, w) = (Tensor.normal([1, 4, 4, 2], key: RandomKey(1)), Tensor.normal([1, 4, 4, 2], key: RandomKey(2)))
        let (_, back) = valueWithGradient(at: x) { ($0.resampled(by: maps, fill: 0) * w).summed() }
        #expect(abs(back.dot(x) - x.resampled(by: maps, fill: 0).dot(w)) < 1e-4)
    }

    @Test("Drawn maps stay within their settings")
    func bounds() {
        let transformations = ImageTransformations()
        for index in 0..<200 {
            let map = transformations.draw(height: 32, width: 32, key: RandomKey(5)[index])
            #expect(abs(map.turn) <= 8 && map.scale <= 1 / 0.9 && map.scale >= 0.9 / 1.1)
            // Two pixels of jitter and half of a tenth of the side.
            #expect(abs(map.down) <= 3.6 && abs(map.right) <= 3.6)
        }
    }
}
