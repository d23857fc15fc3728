internal import PlumbBasics
public import PlumbData
internal import PlumbLearning
public import PlumbNN
public import PlumbTensor

/// A judge that sees a few pixels of a picture: a perceptron whose inputs are a mask and the values of the pixels shown.
public struct DebateJudge: Sendable {
    /// `[2 · pixels] → hidden → hidden → classes`, the mask before the values.
    public let network: MLP

    /// A judge of a given network.
    ///
    /// - Precondition: its inputs are a mask and as many values.
    public init(network: MLP) {
        require(
            network.layers.count > 1 && network.layers[0].weight.inputs % 2 == 0,
            "a judge's inputs are a mask and as many values, in a network with a hidden layer")
        self.network = network
    }

    /// Pixels of a picture.
    var pixels: Int { network.layers[0].weight.inputs / 2 }

    /// Classes that it can choose.
    public var classes: Int { network.layers.last?.weight.outputs ?? 0 }

    /// The places where a picture is not 0.
    public static func shown(_ picture: Tensor) -> [Int] {
        picture.elements.enumerated().filter { $0.element != 0 }.map(\.offset)
    }

    /// The input of some pictures of which some pixels are shown.
    ///
    /// - Shapes: `pictures` `[N, pixels]`; result `[N, 2 · pixels]`.
    static func inputs(_ pictures: Tensor, shown: [[Int]]) -> Tensor {
        let (values, width) = (pictures.elements, pictures.shape[1])
        var inputs = [Float](repeating: 0, count: 2 * values.count)
        for (row, pixels) in shown.enumerated() {
            for pixel in pixels {
                inputs[row * 2 * width + pixel] = 1
                inputs[row * 2 * width + width + pixel] = values[row * width + pixel]
            }
        }
        return Tensor(inputs, shape: [shown.count, 2 * width])
    }

    /// Some of the pixels that are not 0, drawn without repetition; all where there are no more.
    static func drawn(_ count: Int, of pixels: [Int], using random: inout RandomKey.Generator) -> [Int] {
        var pixels = pixels
        for place in 0..<min(count, pixels.count) {
            pixels.swapAt(place, place + random.index(below: pixels.count - place))
        }
        return Array(pixels.prefix(count))
    }

    /// The share of pictures whose class the judge finds from random pixels that are not 0.
    public func accuracy(on pictures: LabeledImages, pixels count: Int, draws: Int, key: RandomKey) -> Double {
        let vectors = pictures.vectors
        let places = (0..<pictures.count).map { Self.shown(vectors[$0]) }
        var (random, right) = (key.generator(), 0)
        for _ in 0..<draws {
            let shown = places.map { Self.drawn(count, of: $0, using: &random) }
            let said = network(Self.inputs(vectors, shown: shown)).argmaxOfRows()
            right += zip(said, pictures.labels).count { $0 == $1 }
        }
        return Double(right) / Double(max(1, draws * pictures.count))
    }

    /// What the judge makes of one picture as more and more of it is shown.
    func judged(of picture: Tensor) -> JudgedPicture {
        let places = Self.shown(picture)
        let alone = Self.inputs(
            Tensor(places.flatMap { _ in picture.elements }, shape: [places.count, picture.count]),
            shown: places.map { [$0] })
        let first = network.layers[0]
        let bias = first.bias ?? Tensor.zeros([first.weight.outputs])
        return JudgedPicture(
            pixels: places, contributions: first(alone) - bias, bias: bias, layers: Array(network.layers.dropFirst()),
            activation: network.activation)
    }

    /// One picture to a judge: what each pixel that is not 0 adds to the first layer, and the layers after it.
    struct JudgedPicture: Sendable {
        /// Places in the picture.
        let pixels: [Int]
        /// `[n, D]`.
        let contributions: Tensor
        /// `[D]`.
        let bias: Tensor
        let layers: [Linear]
        let activation: Activation

        /// Logits from sums of the first layer.
        ///
        /// - Shapes: `sums` `[R, D]`, result `[R, classes]`.
        func logits(_ sums: Tensor) -> Tensor { layers.reduce(sums) { $1(activation($0)) } }

        /// The sums of the first layer for some sets of pixels, given by their places among those that are not 0.
        ///
        /// - Shapes: result `[sets, D]`.
        func sums(_ sets: [[Int]]) -> Tensor {
            let count = pixels.count
            var masks = [Float](repeating: 0, count: sets.count * count)
            for (row, set) in sets.enumerated() { for pixel in set { masks[row * count + pixel] = 1 } }
            return Tensor(masks, shape: [sets.count, count]).matmul(contributions) + bias
        }
    }
}

extension Array<Float> {
    /// How much more a judge believes the true class than each lie; in the true class's place, than the most probable lie.
    /// Above 0 the truth wins.
    ///
    /// - Shapes: self `[sets, classes]`, result of the same shape.
    func margins(for label: Int, classes: Int) -> [Float] {
        var margins = self
        for start in stride(from: 0, to: count, by: classes) {
            var least = Float.infinity
            for lie in 0..<classes where lie != label {
                margins[start + lie] = self[start + label] - self[start + lie]
                least = Swift.min(least, margins[start + lie])
            }
            margins[start + label] = least
        }
        return margins
    }
}
