import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@Suite("How parameters become images")
struct ParametrizationTests {
    @Test(
        "Plane waves have length 1 and are orthogonal, for even, odd and unequal sides",
        arguments: [(4, 4), (5, 7), (6, 1), (3, 8)])
    func orthogonal(_ height: Int, _ width: Int) {
        let waves = PlaneWaves(height: height, width: width)
        let products = waves.matrix.transposedMatmul(waves.matrix).elements
        let count = height * width
        #expect(waves.frequencies.count == count && waves.frequencies.count { $0 == 0 } == 1)
        for row in 0..<count {
            for column in 0..<count {
                #expect(abs(products[row * count + column] - (row == column ? 1 : 0)) < 1e-5)
            }
        }
    }

    @Test("A checkerboard is the one wave of the highest frequency")
    func checkerboard() {
        let waves = PlaneWaves(height: 4, width: 4)
        let board = Tensor((0..<16).map { ($0 / 4 + $0 % 4) % 2 == 0 ? 0.25 : -0.25 }, shape: [1, 4, 4, 1])
        let energies = waves.energies(board)[0]
        guard let strongest = energies.indices.max(by: { energies[$0] < energies[$1] }) else {
            Issue.record("no waves")
            return
        }
        #expect(abs(energies[strongest] - 1) < 1e-5 && abs(energies.reduce(0, +) - 1) < 1e-5)
        #expect(abs(waves.frequencies[strongest] - 0.5.squareRoot()) < 1e-9)
        #expect(waves.lowFrequencyShares(board)[0] < 1e-5)
    }

    @Test("A slow wave is all low frequency, whatever its mean, and one color has no share at all")
    func slowWave() {
        let waves = PlaneWaves(height: 8, width: 8)
        let slow = Tensor((0..<64).map { 0.5 + 0.2 * ($0 / 8 < 4 ? 1 : -1) }, shape: [1, 8, 8, 1])
        // A square wave of the longest period: its fundamental on 8 points has 2 / (16 sin²(π / 8)) of the energy.
        #expect(abs(waves.lowFrequencyShares(slow)[0] - 0.853553) < 1e-4)
        #expect(waves.lowFrequencyShares(Tensor(repeating: 0.3, shape: [1, 8, 8, 1]))[0].isNaN)
    }

    @Test("Weights fall with the frequency as its power says, and have a mean square of 1")
    func scales() {
        let waves = PlaneWaves(height: 8, width: 8)
        #expect(waves.scales(power: 0).allSatisfy { abs($0 - 1) < 1e-6 })
        let scales = waves.scales(power: 1)
        #expect(abs(scales.reduce(0) { $0 + $1 * $1 } / 64 - 1) < 1e-5)
        for (scale, frequency) in zip(scales, waves.frequencies) where frequency > 0 {
            #expect(abs(scale * Float(frequency) - scales[0] / 8) < 1e-5)
        }
    }

    @Test("Weights that follow images are a power of the size of their waves, over all waves as long")
    func scalesOfImages() throws {
        let waves = PlaneWaves(height: 8, width: 8)
        // Every wave once, those of two cycles a side three times: their weight is three times that of the others.
        let sizes = waves.frequencies.map { Float(($0 * 8).rounded() == 2 ? 3 : 1) }
        let image = waves.matrix.matmul(Tensor(sizes, shape: [64, 1])).reshaped([1, 8, 8, 1])
        for power in [1.0, 2] {
            let scales = try waves.scales(of: .concatenated([image, image * 2]), power: power)
            for (scale, size) in zip(scales, sizes) {
                #expect(abs(scale - (power == 2 ? size * size : size) * scales[1]) < 1e-4)
            }
            // Waves but for the mean color have a mean square of 1.
            #expect(abs((scales.reduce(0) { $0 + $1 * $1 } - scales[0] * scales[0]) / 63 - 1) < 1e-4)
        }
    }

    @Test("The mean color weighs as images' mean colors differ, and no less than the longest waves, worked by hand")
    func meanColor() throws {
        let waves = PlaneWaves(height: 4, width: 4)
        // Every wave once, and mean colors 3 above and 3 below: 16 pixels of 3 are a coefficient of 12.
        let image = waves.matrix.matmul(Tensor([0] + [Float](repeating: 1, count: 15), shape: [16, 1]))
            .reshaped([1, 4, 4, 1])
        let far = try waves.scales(of: .concatenated([image + 3, image - 3]))
        #expect(abs(far[0] - 12 * far[1]) < 1e-3 && abs(far[1] - 1) < 1e-4)
        let near = try waves.scales(of: .concatenated([image, image]))
        #expect(abs(near[0] - near[1]) < 1e-5)
    }

    @Test("The mean color of images does not change the weights, and images of one color have none")
    func scalesOfFlatImages() throws {
        let waves = PlaneWaves(height: 4, width: 4)
        let images = Tensor.uniform([3, 4, 4, 2], bound: 0.5, key: RandomKey(6))
        for (one, other) in zip(try waves.scales(of: images), try waves.scales(of: images + 0.7)) {
            #expect(abs(one - other) < 1e-4)
        }
        #expect(throws: ModelError.self) { _ = try waves.scales(of: Tensor(repeating: 0, shape: [2, 4, 4, 1])) }
    }

    @Test("Waves with the weights of a power are the waves of that power")
    func weighted() {
        let scales = PlaneWaves(height: 4, width: 4).scales(power: 1)
        let color = ColorCorrelation.independent(channels: 1)
        let parameters = Tensor.normal([16, 2], key: RandomKey(8))
        let images = [ImageParametrization.Space.weighted(scales), .fourier(decayPower: 1)].map {
            ImageParametrization($0, height: 4, width: 4, color: color).images(parameters)
        }
        #expect(images[0] == images[1])
    }

    @Test("Parameters of waves of equal weight give images of the same energy as parameters of pixels")
    func rotation() {
        let color = ColorCorrelation.independent(channels: 2)
        let space = ImageParametrization(.fourier(decayPower: 0), height: 4, width: 6, color: color)
        let parameters = space.start(3, deviation: 1, key: RandomKey(1))
        let values = PlaneWaves(height: 4, width: 6).matrix.matmul(parameters)
        #expect(abs(values.norm() - parameters.norm()) < 1e-4)
        #expect(space.images(parameters).shape == [3, 4, 6, 2])
    }

    @Test("An image lies where its parameters are, channels last, between 0 and 1")
    func layout() {
        let space = ImageParametrization(
            .pixels, height: 2, width: 3, color: .independent(channels: 2))
        var elements = [Float](repeating: 0, count: 6 * 4)
        // Pixel 4 (row 1, column 1), image 1, channel 0.
        elements[4 * 4 + 1 * 2] = 100
        let images = space.images(Tensor(elements, shape: [6, 4]))
        let found = images.elements
        #expect(found[1 * 12 + 4 * 2] == 1 && found.count { $0 == 0.5 } == 23)
    }

    @Test("Image i depends on its own key alone")
    func ownKey() {
        let space = ImageParametrization(.pixels, height: 2, width: 2, color: .independent(channels: 3))
        let (one, three) = (space.start(1, key: RandomKey(4)), space.start(3, key: RandomKey(4)))
        #expect(three.columns(0..<3) == one && three.columns(3..<6) != one)
    }

    @Test("Colors are decorrelated by the Cholesky factor of their covariance over its longest column")
    func color() throws {
        // Four pixels with covariance [[4, 2], [2, 2]]: the factor is [[2, 0], [1, 1]], its longest column √5.
        let pixels: [Float] = [2, 2, 2, 0, -2, 0, -2, -2]
        let matrix = try ColorCorrelation(of: Tensor(pixels, shape: [1, 2, 2, 2])).matrix.elements
        let factor = [2, 0, 1, 1].map { Float($0) / Float(5).squareRoot() }
        for (value, expected) in zip(matrix, factor) { #expect(abs(value - expected) < 1e-6) }
    }

    @Test("Colors that follow from each other are refused in a sentence")
    func gray() {
        let gray = Tensor((0..<12).map { Float($0 / 3) }, shape: [1, 2, 2, 3])
        #expect(throws: ModelError.self) { _ = try ColorCorrelation(of: gray) }
    }

    @Test("A ball holds its data set, leaves what is inside alone and moves the rest to its edge")
    func ball() {
        let images = Tensor([0.25, 0.25, 0.75, 0.75] as [Float], shape: [2, 1, 2, 1])
        let ball = ImageBall(around: images)
        #expect(abs(ball.center.item - 0.5) < 1e-6 && abs(ball.radius - 0.25) < 1e-5)
        let limited = ball.limited(Tensor([0, 1, 0.5, 0.6] as [Float], shape: [2, 1, 2, 1])).elements
        for (value, expected) in zip(limited, [0.25, 0.75, 0.5, 0.6] as [Float]) {
            #expect(abs(value - expected) < 1e-5)
        }
    }
}
