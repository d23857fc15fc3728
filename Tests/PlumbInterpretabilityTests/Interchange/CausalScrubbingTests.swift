import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// A network made by hand: whether a and b differ or c and d do, of four bits. Its first hidden layer has the four
/// one-sided differences, its second one neuron for each pair.
@Suite struct CausalScrubbingTests {
    private typealias Node = ScrubbingNode<[Float]>
    private let model = MLP(
        [
            Linear(
                weight: Weight(Tensor([1, -1, 0, 0, -1, 1, 0, 0, 0, 0, 1, -1, 0, 0, -1, 1], shape: [4, 4])),
                bias: .zeros([4])),
            Linear(weight: Weight(Tensor([1, 1, 0, 0, 0, 0, 1, 1], shape: [2, 4])), bias: .zeros([2])),
            Linear(weight: Weight(Tensor([-8, -8, 8, 8], shape: [2, 2])), bias: Tensor([4, -4])),
        ], activation: .relu)
    private let data = (0..<64).map { row in (0..<4).map { Float((row >> $0) & 1) } }

    private static func bits(_ row: [Float]) -> [Int] { row.map { Int($0) } }

    private func scrubbing() throws -> CausalScrubbing<[Float]> {
        let labels = data.map { row in row[0] != row[1] || row[2] != row[3] ? 1 : 0 }
        return try CausalScrubbing(model, data: data) { output, examples in
            Double(output.crossEntropy(examples.map { labels[$0] }).item)
        }
    }

    private func pair(_ first: Int, inputs: [Node] = []) -> Node {
        Node(.block(1, .mlpPost), features: first..<first + 1, inputs: inputs) { row in
            row[2 * first] == row[2 * first + 1] ? 0 : 1
        }
    }

    @Test("The true hypothesis recovers the whole loss, at one level and at two")
    func trueHypothesis() throws {
        let shallow = try scrubbing().test([pair(0), pair(1)], key: RandomKey(1))
        #expect(shallow.model < 0.01 && shallow.random > 1)
        #expect(shallow.scrubbed == shallow.model && shallow.recovered == 1)
        let deep = [0, 1].map { first in
            pair(
                first,
                inputs: (0..<2).map { side in
                    Node(.block(0, .mlpPost), features: 2 * first + side..<2 * first + side + 1) { row in
                        // Which of the two is larger by one, as this neuron sees it.
                        row[2 * first + side] > row[2 * first + 1 - side] ? 1 : 0
                    }
                })
        }
        #expect(try scrubbing().test(deep, key: RandomKey(2)).recovered == 1)
    }

    @Test("Subspaces along two neurons scrub as the neurons do; others recover less")
    func subspaces() throws {
        func hypothesis(_ directions: Tensor) -> [Node] {
            let map = AlignedSubspaces(OrthogonalFrame(spanning: directions), sizes: [1, 1])
            return (0..<2).map { first in
                Node(.block(1, .mlpPost), variable: first, of: map) { row in
                    row[2 * first] == row[2 * first + 1] ? 0 : 1
                }
            }
        }
        let straight = try scrubbing().test(hypothesis(Tensor([1, 0, 0, 1], shape: [2, 2])), key: RandomKey(6))
        #expect(abs(straight.recovered - 1) < 1e-5)
        let turned = try scrubbing().test(hypothesis(Tensor([1, 1, 1, -1], shape: [2, 2])), key: RandomKey(6))
        #expect(turned.recovered < 0.9)
    }

    @Test("Hypotheses that leave out a pair, or say that a neuron depends on one bit, recover much less")
    func wrongHypotheses() throws {
        let half = try scrubbing().test([pair(0)], key: RandomKey(3))
        #expect(half.recovered < 0.9)
        let bits = (0..<2).map { first in
            Node(.block(1, .mlpPost), features: first..<first + 1) { Int($0[2 * first]) }
        }
        #expect(try scrubbing().test(bits, key: RandomKey(4)).recovered < 0.6)
        #expect(abs(try scrubbing().test([], key: RandomKey(5)).recovered) < 0.3)
    }

    @Test("Features that tell all examples apart, unknown points and too few examples are refused")
    func refusals() throws {
        let distinct = Node(.block(1, .mlpPost)) { Self.bits($0).reduce(0) { 2 * $0 + $1 } }
        let few = try CausalScrubbing(model, data: Array(data[..<16])) { _, _ in 0 }
        #expect(throws: ModelError.self) { try few.test([distinct], key: RandomKey(1)) }
        #expect(throws: ModelError.self) {
            try scrubbing().test([Node(.block(5, .mlpPost)) { _ in 0 }], key: RandomKey(1))
        }
        #expect(throws: ModelError.self) { try CausalScrubbing(model, data: [data[0]]) { _, _ in 0 } }
    }

    @Test("In a transformer, all heads of a layer scrubbed by their own prompt leave the layer as it was")
    func transformer() throws {
        let tiny = try TinyPair("llama-tiny")
        let prompts = [tiny.clean, tiny.corrupted, tiny.clean, tiny.corrupted]
        let scrubbing = try CausalScrubbing(tiny.model, prompts: prompts) { output, examples in
            examples.indices.reduce(0) { $0 + Double(output[$1][7].norm()) } / Double(examples.count)
        }
        // Everything after the last block's stream follows from it.
        let stream = ScrubbingNode<[Int]>(.block(tiny.layers - 1, .residPost)) { $0[2] }
        let found = try scrubbing.test([stream], key: RandomKey(1))
        #expect(found.scrubbed == found.model)
        let head = ScrubbingNode<[Int]>(.block(0, .z), head: 1) { $0[2] }
        let one = try scrubbing.test([head], key: RandomKey(2))
        #expect(one.scrubbed != one.model)
    }
}
