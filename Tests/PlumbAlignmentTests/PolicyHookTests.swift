import PlumbAlignment
import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@Suite("Hooks in policies and in linear attention")
struct PolicyHookTests {
    @Test("A maze policy shows its hidden layers, and steering adds to the second")
    func mazes() throws {
        let policy = MazePolicy(inputs: 12, hidden: 8, key: RandomKey(1))
        let x = Tensor.normal([3, 12], key: RandomKey(2))
        let (logits, cache) = policy.run(x, recording: .all)
        #expect(logits == policy(x) && cache[MazePolicy.hiddenPoint] == policy.hidden(x))
        let direction = Tensor((0..<8).map { Float($0) - 3 })
        let steered = policy.run(x, with: [.steer(MazePolicy.hiddenPoint, by: direction)]).output
        #expect(steered == policy.output(policy.hidden(x) + direction))
    }

    @Test("A convolutional maze policy shows its layers, and steering adds to the hidden one")
    func convolutionalMazes() throws {
        let policy = ConvolutionalMazePolicy(side: 4, channels: 3, width: 8, key: RandomKey(1))
        let x = Tensor.normal([2, 3, 4, 4], key: RandomKey(2))
        let (logits, cache) = policy.run(x, recording: .all)
        #expect(logits == policy.scores(x) && logits == policy.scoresAndValues(x).scores)
        #expect(policy.values(x).shape == [2] && cache[.block(0, .mlpPost)]?.shape == [2, 4, 4, 3])
        let hidden = try #require(cache[ConvolutionalMazePolicy.hiddenPoint])
        let direction = Tensor((0..<8).map { Float($0) - 3 })
        let steered = policy.run(x, with: [.steer(ConvolutionalMazePolicy.hiddenPoint, by: direction)]).output
        #expect(steered == policy.policy(hidden + direction))
        // The first plane at row 1, column 2 is what a window of the first channel alone sees there.
        var one = policy
        (one.first.weight, one.first.bias) = (.zeros([3, 3, 3, 3]), .zeros([3]))
        one.first.weight.replaceElements(
            0..<27, ofRow: 0, from: Tensor((0..<27).map { $0 == 4 ? 1 : 0 }, shape: [1, 27]), row: 0)
        let seen = try #require(one.run(x, recording: .all).cache[.block(0, .mlpPre)])
        #expect(seen[0][1][2].elements == [x[0][0][1][2].item, 0, 0])
    }

    @Test("Linear attention without scores leaves queries as they are")
    func linearAttention() throws {
        let layer = LinearSelfAttention(width: 4, scale: 1, key: RandomKey(3))
        let (tokens, queries) = (
            Tensor.normal([2, 5, 4], key: RandomKey(4)), Tensor.normal([2, 4], key: RandomKey(5))
        )
        let (output, cache) = layer.run((tokens: tokens, queries: queries), recording: .all)
        #expect(output == layer.attended(tokens, queries: queries))
        #expect(cache[.block(0, .attnScores)]?.shape == [2, 1, 5] && cache[.block(0, .residPost)] == output)
        let blind = layer.run((tokens: tokens, queries: queries), with: [.ablate(.block(0, .attnScores))]).output
        #expect(blind == queries)
    }
}
