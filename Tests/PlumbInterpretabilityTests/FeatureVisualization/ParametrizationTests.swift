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
