import Foundation
import PlumbData
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// What is shown of features, beside all activations at once.
@Suite struct FeatureDashboardTests {
    private let pair: TinyPair
    private let dictionary: SparseDictionary
    private let windows: [[Int]]
    /// Of each window and token but the first, the activation of each feature.
    private let activations: [[[Float]]]

    init() throws {
        pair = try TinyPair("llama-tiny")
        let width = pair.model.configuration.width
        let point = HookPoint.block(1, .residPost)
        dictionary = try SparseDictionary(
            encoder: Tensor.normal([width, 12], key: RandomKey(1)["encoder"]), encoderBias: Tensor.zeros([12]),
            decoder: Tensor.normal([12, width], key: RandomKey(1)["decoder"]), decoderBias: Tensor.zeros([width]),
            activation: .topK(3), input: point, output: point)
        var random = RandomKey(2).generator()
        windows = (0..<9).map { index in (0..<4 + index % 3).map { _ in random.index(below: 200) } }
        let (model, dictionary) = (pair.model, dictionary)
        activations = try windows.map { tokens in
            let stream = try #require(try model.activations(of: [tokens], at: [point])[point])
            let dense = dictionary.encode(stream)
            return (1..<tokens.count).map { dense[$0].elements }
        }
    }

    private func dashboards(
        _ choice: FeatureDashboards.Choice, rowLimit: Int = 12, top: Int = 4
    ) throws -> FeatureDashboards {
        var options = FeatureDashboards.Options()
        (options.rowLimit, options.top, options.before, options.after) = (rowLimit, top, 2, 1)
        var next = windows.makeIterator()
        return try FeatureDashboards(dictionary, of: pair.model, choice: choice, options: options, key: RandomKey(3)) {
            next.next()
        }
    }

    @Test func numbersAreThoseOfAllActivations() throws {
        let found = try dashboards(.these([7, 0]))
        let rows = activations.flatMap { $0 }
        #expect(found.rows == rows.count && found.features.map(\.index) == [7, 0])
        #expect(found.active == Double(rows.reduce(0) { $0 + $1.count { $0 > 0 } }) / Double(rows.count))
        for feature in found.features {
            let values = rows.map { $0[feature.index] }.filter { $0 > 0 }
            #expect(feature.count == values.count && feature.greatest == values.max() ?? 0)
            #expect(found.density[feature.index] == Double(values.count) / Double(rows.count))
            #expect(abs(feature.mean - values.reduce(0) { $0 + Double($1) } / Double(max(1, values.count))) < 1e-9)
            #expect(feature.counts.reduce(0, +) == Double(values.count))
            for (index, count) in feature.counts.enumerated() {
                let bin = feature.edges[index]..<feature.edges[index + 1]
                #expect(count == Double(values.count { bin.contains(Double($0)) }))
            }
        }
    }

    @Test func passagesAreTheWindowsOfGreatestActivation() throws {
        for feature in try dashboards(.these(Array(0..<12))).features {
            let greatest = activations.map { window in window.map { $0[feature.index] }.max() ?? 0 }
            let expected = greatest.filter { $0 > 0 }.sorted(by: >).prefix(4)
            #expect(feature.top.map { $0.activations[$0.place] } == Array(expected))
            for passage in feature.top + feature.drawn {
                #expect(passage.activations[passage.place] > 0 && passage.tokens.count <= 4)
                // Each passage is a part of a window, with that window's activations.
                #expect(
                    zip(windows, activations).contains { tokens, values in
                        (1...max(1, tokens.count - passage.tokens.count)).contains { first in
                            Array(tokens.dropFirst(first).prefix(passage.tokens.count)) == passage.tokens
                                && Array(values.dropFirst(first - 1).prefix(passage.tokens.count))
                                    .map { $0[feature.index] } == passage.activations
                        }
                    })
            }
            #expect(feature.drawn.count == min(3, feature.count))
        }
    }

    @Test func batchesDoNotMatter() throws {
        let (small, large) = (try dashboards(.these([3]), rowLimit: 1), try dashboards(.these([3]), rowLimit: 500))
        #expect(small.features[0].top == large.features[0].top && small.features[0].drawn == large.features[0].drawn)
        #expect(small.features[0].counts == large.features[0].counts && small.density == large.density)
        #expect(abs(small.explainedVariance - large.explainedVariance) < 1e-5)
    }

    @Test func logitsAreThoseOfTheDirection() throws {
        let feature = try dashboards(.these([5])).features[0]
        let weights = pair.model.unembeddingWeights(foldingNorm: true)
        let logits = dictionary.decoder[5..<6].matmul(transposed: weights).elements
        let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        #expect(feature.raised.map(\.token) == Array(order.prefix(8)))
        #expect(Set(feature.lowered.map(\.token)) == Set(order.suffix(8)))
        #expect(feature.raised.map(\.effect) == order.prefix(8).map { Double(logits[$0]) })
    }

    @Test func denseFeaturesAreNotChosenForTheirStrength() throws {
        let found = try dashboards(.strongest(12))
        #expect(found.features.allSatisfy { $0.density <= FeatureDashboards.dense && $0.count > 0 })
        let rare = found.density.indices.filter { found.density[$0] > 0 && found.density[$0] <= 0.1 }
        #expect(Set(found.features.map(\.index)) == Set(rare))
        let strengths = found.features.map { feature in
            activations.joined().reduce(0) { $0 + Double($1[feature.index]) * Double($1[feature.index]) }
                * dictionary.decoder[feature.index..<feature.index + 1].squared().summed(axis: 1).elements.map(
                    Double.init)[0]
        }
        #expect(zip(strengths, strengths.dropFirst()).allSatisfy { $0 >= $1 * (1 - 1e-6) })
    }

    @Test func whatIsNotThereIsRefused() throws {
        #expect(throws: ModelError("the dictionary has 12 features, counted from 0, no feature 12")) {
            try dashboards(.these([12]))
        }
        let other = try TinyPair("gpt2-tiny").model
        let model = pair.model
        if other.configuration.width != model.configuration.width {
            #expect(throws: ModelError.self) {
                try FeatureDashboards(dictionary, of: other, choice: .strongest(1), key: RandomKey(1)) { nil }
            }
        }
        #expect(throws: ModelError("the text has no window of two tokens or more")) {
            try FeatureDashboards(dictionary, of: model, choice: .strongest(1), key: RandomKey(1)) { nil }
        }
    }

    @Test func histogramsGrowWithTheirValues() {
        var survey = FeatureSurvey(features: 1, tracked: [0], top: 2, drawn: 0, key: RandomKey(1))
        let values: [Float] = [0.3, 100, 0.001, 7, 7.5, 64]
        let active = SparseActivations(
            features: 1, offsets: Array(0...values.count), indices: values.map { _ in 0 }, values: values)
        survey.add(Array(0...values.count), active, from: 0)
        let summary = survey.summary(of: 0)
        // The least power of two above 100 is 128, in 64 bins of 2.
        #expect(summary.edges.prefix(3) == [0, 2, 4] && summary.edges.last == 102)
        #expect(summary.counts[0] == 2 && summary.counts[3] == 2 && summary.counts[32] == 1 && summary.counts[50] == 1)
        #expect(summary.counts.reduce(0, +) == 6 && summary.top.count == 1)
    }
}

/// A text as windows, part by part.
@Suite struct TextWindowTests {
    private func windows(_ data: Data, size: Int, beginning: [Int] = [1000]) throws -> [[Int]] {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("windows-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        try data.write(to: url)
        var reader = try TextWindows(url, size: size, beginning: beginning) { $0.utf8.map(Int.init) }
        var found: [[Int]] = []
        while let window = try reader.next() { found.append(window) }
        return found
    }

    @Test(arguments: [5, 64, 100_000]) func windowsHoldTheWholeTextInItsOrder(size: Int) throws {
        var random = RandomKey(UInt64(size)).generator()
        let lines = (0..<30_000).map { _ in String(repeating: "ä", count: random.index(below: 40)) }
        let text = lines.joined(separator: "\n") + "end"
        let found = try windows(Data(text.utf8), size: size)
        #expect(found.dropLast().allSatisfy { $0.count == size + 1 } && found.allSatisfy { $0[0] == 1000 })
        let all = found.flatMap { $0.dropFirst() }
        let whole = text.utf8.map(Int.init)
        // A last window of one token is left out.
        #expect(all == whole || all == Array(whole.dropLast()))
    }

    @Test func filesThatAreNoTextAreRefused() throws {
        #expect(throws: FileError.self) { try windows(Data([0xFF, 0xFE, 0x41]), size: 2) }
        #expect(throws: FileError.self) { try windows(Data(repeating: 0x41, count: 9 << 20), size: 2) }
        #expect(throws: FileError.self) {
            try TextWindows(URL(fileURLWithPath: "/nowhere/x.txt"), size: 2, beginning: []) { _ in [] }
        }
        #expect(try windows(Data(), size: 2).isEmpty)
    }
}

/// Dictionaries wherever they are.
@Suite struct DictionaryLocationTests {
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dictionary-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try body(folder)
    }

    private func dictionary(_ point: HookPoint = .block(1, .residPost)) throws -> SparseDictionary {
        try SparseDictionary(
            encoder: Tensor.normal([4, 6], key: RandomKey(1)), encoderBias: Tensor.zeros([6]),
            decoder: Tensor.normal([6, 4], key: RandomKey(2)), decoderBias: Tensor.zeros([4]),
            activation: .jumpReLU(thresholds: Tensor(repeating: 0.1, shape: [6])), input: point, output: point)
    }

    @Test func foldersAndFilesAreReadByWhatTheyHold() throws {
        try inFolder { folder in
            let own = try dictionary()
            let run = folder.appendingPathComponent("run")
            try own.writeSAELens(to: run.appendingPathComponent("artifacts/dictionary"))
            #expect(
                try SparseDictionary(contentsOf: run.appendingPathComponent("artifacts/dictionary")).input == own.input)
            #expect(try SparseDictionary(contentsOf: run).encoder == own.encoder)
            try own.writeSAELens(to: run.appendingPathComponent("artifacts/other"))
            #expect(throws: FileError.self) { try SparseDictionary(contentsOf: run) }
            let file = folder.appendingPathComponent("params.npz")
            try own.writeGemmaScope(to: file)
            #expect(try SparseDictionary(contentsOf: file, point: own.input).decoder == own.decoder)
            #expect(throws: FileError.self) { try SparseDictionary(contentsOf: file) }
            #expect(throws: FileError.self) {
                try SparseDictionary(
                    contentsOf: run.appendingPathComponent("artifacts/other"), point: .block(2, .residPost))
            }
            #expect(throws: FileError.self) { try SparseDictionary(contentsOf: folder.appendingPathComponent("none")) }
            let transcoders = folder.appendingPathComponent("transcoders")
            try TranscoderFolder(
                [dictionary(.block(0, .mlpOut)), dictionary(.block(1, .mlpOut))], model: "m"
            ).write(to: transcoders)
            #expect(try SparseDictionary(contentsOf: transcoders, layer: 1).output == .block(1, .mlpOut))
            #expect(throws: FileError.self) { try SparseDictionary(contentsOf: transcoders) }
        }
    }

    @Test func settingsLargerThanAnyAreNotReadWhole() throws {
        try inFolder { folder in
            let file = folder.appendingPathComponent("cfg.json")
            #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 1 << 40)
            try handle.close()
            #expect(throws: FileError.self) { try SparseDictionary(contentsOf: folder) }
            #expect(throws: FileError.self) { try AttributionGraphFile(contentsOf: file) }
        }
    }
}
