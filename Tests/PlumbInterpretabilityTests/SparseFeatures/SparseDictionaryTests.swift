@testable import PlumbInterpretability
import PlumbModels
import PlumbTensor
import Testing

/// Small dictionaries worked out by hand.
@Suite struct SparseDictionaryTests {
    private static let site = HookPoint.block(0, .residPost)

    /// Features along +x, +y and -x.
    private static func dictionary(
        _ activation: SparseDictionary.Activation, bias: [Float] = [0, 0], subtracts: Bool = false,
        scaling: SparseDictionary.InputScaling = .none, skip: Tensor? = nil
    ) throws -> SparseDictionary {
        try SparseDictionary(
            encoder: Tensor([1, 0, -1, 0, 1, 0], shape: [2, 3]), encoderBias: Tensor([0, 0.5, 0]),
            decoder: Tensor([2, 0, 0, 2, -2, 0], shape: [3, 2]), decoderBias: Tensor(bias), skip: skip,
            activation: activation, subtractsDecoderBias: subtracts, inputScaling: scaling, input: site, output: site)
    }

    @Test func eachActivationKeepsWhatItsDefinitionSays() throws {
        let x = Tensor([1, 2, -3, 0], shape: [2, 2])
        func encoded(_ activation: SparseDictionary.Activation) throws -> [Float] {
            try Self.dictionary(activation).encode(x).elements
        }
        #expect(try encoded(.relu) == [1, 2.5, 0, 0, 0.5, 3])
        #expect(try encoded(.topK(1)) == [0, 2.5, 0, 0, 0, 3])
        #expect(try encoded(.batchTopK(threshold: 1, k: 1)) == [0, 2.5, 0, 0, 0, 3])
        #expect(try encoded(.jumpReLU(thresholds: Tensor([0.5, 0.5, 3]))) == [1, 2.5, 0, 0, 0, 0])
        let gated = SparseDictionary.Activation.gated(
            gateBias: Tensor([-1.5, 0, 0]), logMagnitudeScale: Tensor([0, 0, Float(2).logarithm]))
        let found = try encoded(gated)
        #expect(found[0..<3] == [0, 2.5, 0] && abs(found[5] - 6) < 1e-5 && found[3..<5] == [0, 0])
    }

    @Test func biasScalingAndLinearPathActWhereTheyShould() throws {
        let x = Tensor([1, 2], shape: [1, 2])
        #expect(try Self.dictionary(.relu).reconstruct(x).elements == [2, 5])
        let biased = try Self.dictionary(.relu, bias: [1, 0], subtracts: true)
        #expect(biased.encode(x).elements == [0, 2.5, 0] && biased.reconstruct(x).elements == [1, 5])
        // (2, 4) is encoded, and (4, 9) is divided by 2 again.
        #expect(try Self.dictionary(.relu, scaling: .constant(2)).reconstruct(x).elements == [2, 4.5])
        let skip = Tensor([1, 0, 0, 10], shape: [2, 2])
        #expect(try Self.dictionary(.relu, skip: skip).reconstruct(x).elements == [3, 25])
        let normed = try Self.dictionary(.relu, scaling: .constantNorm).encode(x * 7)
        let shorter = try Self.dictionary(.relu, scaling: .constantNorm).encode(x)
        #expect(zip(normed.elements, shorter.elements).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(abs(normed.elements[0] - Float(2.0 / 5).squareRoot()) < 1e-6)
        let layer = try Self.dictionary(.relu, scaling: .layerNorm).encode(Tensor([3, 5], shape: [1, 2]))
        // Mean 4, deviation √2: the row is (-1, 1) / √2.
        #expect(abs(layer.elements[2] - Float(0.5).squareRoot()) < 1e-4)
    }

    @Test func sparseAndDenseDecodingAgreeAndRowsDoNotMixInChunks() throws {
        let dictionary = try Self.dictionary(.topK(2), bias: [0.5, -1], subtracts: true)
        var generator = RandomKey(5).generator()
        let x = Tensor(shape: [70, 2]) { for index in $0.indices { $0[index] = Float(generator.normal()) } }
        let sparse = dictionary.encodeSparse(x)
        #expect(sparse.rows == 70 && sparse == dictionary.encodeSparse(x, rowLimit: 9))
        #expect(SparseActivations(sparse.dense) == sparse)
        let difference = (dictionary.decode(sparse) - dictionary.decode(sparse.dense)).absolute().elements.max() ?? 1
        #expect(difference < 1e-5)
        #expect(sparse[3].allSatisfy { $0.value > 0 } && sparse[3].count <= 2)
    }

    @Test func tensorsThatMakeNoDictionaryAreRefused() {
        func refusal(_ body: () throws -> SparseDictionary) -> String {
            do {
                _ = try body()
                return ""
            } catch { return "\(error)" }
        }
        let (a, b) = (Tensor.zeros([2, 3]), Tensor.zeros([3, 2]))
        func made(
            _ encoder: Tensor, _ decoder: Tensor, bias: Tensor = .zeros([3]),
            _ activation: SparseDictionary.Activation = .relu
        ) throws -> SparseDictionary {
            try SparseDictionary(
                encoder: encoder, encoderBias: bias, decoder: decoder, decoderBias: .zeros([2]),
                activation: activation, input: Self.site, output: Self.site)
        }
        #expect(refusal { try made(a, b) } == "")
        #expect(refusal { try made(b, a) }.contains("transpose it"))
        #expect(refusal { try made(a, b, .topK(4)) }.contains("cannot keep the 4 largest"))
        #expect(refusal { try made(a, b, .jumpReLU(thresholds: .zeros([2]))) }.contains("thresholds"))
        #expect(refusal { try made(a, b, bias: Tensor([0, .nan, 0])) }.contains("not finite"))
        #expect(refusal { try made(a, b, .batchTopK(threshold: .infinity, k: 1)) }.contains("threshold"))
    }

    @Test func theLargestOfRowsAndOfBatchesAreFound() {
        var generator = RandomKey(11).generator()
        let values = (0..<4000).map { _ in Float(generator.normal()) }
        let sorted = values.filter { $0 > 0 }.sorted(by: >)
        values.withUnsafeBufferPointer { buffer in
            for rank in [1, 2, 77, sorted.count] {
                #expect(positiveElement(ranked: rank, in: buffer) == sorted[rank - 1])
            }
            #expect(positiveElement(ranked: sorted.count + 1, in: buffer) == nil)
            var (indices, found): ([Int32], [Float]) = ([], [])
            appendLargest(50, of: buffer, &indices, &found)
            #expect(found.sorted(by: >) == Array(sorted.prefix(50)) && indices == indices.sorted())
        }
        let equal: [Float] = [1, 1, 0, 1]
        equal.withUnsafeBufferPointer { buffer in
            var (indices, found): ([Int32], [Float]) = ([], [])
            appendLargest(2, of: buffer, &indices, &found)
            #expect(indices == [0, 1])
        }
    }
}

extension Float {
    fileprivate var logarithm: Float { Tensor([self]).log().item }
}
