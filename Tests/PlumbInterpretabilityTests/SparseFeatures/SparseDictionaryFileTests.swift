import Foundation
import PlumbBasics
import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Dictionaries as SAELens, Gemma Scope and circuit-tracer keep them, against files that SAELens 6.54.12 and
/// circuit-tracer 0.5.0 wrote (Scripts/record-sparse-dictionaries.py).
@Suite struct SparseDictionaryFileTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Golden/sparse-dictionaries")

    private func expected(_ name: String) throws -> (input: Tensor, features: Tensor, output: Tensor) {
        let json = try JSONValue(
            parsing: Data(contentsOf: Self.golden.appendingPathComponent(name).appendingPathComponent("expected.json")))
        func tensor(_ name: String) throws -> Tensor {
            let rows = try #require(json[name]?.array).map { ($0.array ?? []).compactMap(\.double).map(Float.init) }
            return Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
        }
        return (try tensor("input"), try tensor("features"), try tensor("output"))
    }

    private func expectEqual(_ a: Tensor, _ b: Tensor, _ what: String) {
        #expect(a.shape == b.shape)
        #expect((a - b).absolute().elements.max() ?? 1 < 2e-6, "\(what)")
    }

    private func check(_ dictionary: SparseDictionary, _ name: String) throws {
        let expected = try expected(name)
        expectEqual(dictionary.encode(expected.input), expected.features, "\(name) features")
        expectEqual(dictionary.reconstruct(expected.input), expected.output, "\(name) output")
    }

    private func temporary() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("dictionary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    @Test(arguments: [
        "standard", "layer-norm", "constant-norm", "gated", "topk", "topk-rescaled", "jumprelu", "batchtopk",
        "transcoder",
        "skip-transcoder", "jumprelu-transcoder",
    ])
    func foldersOfSAELensGiveItsActivationsAndComeBackBitForBit(_ name: String) throws {
        let dictionary = try SparseDictionary(saeLens: Self.golden.appendingPathComponent(name))
        try check(dictionary, name)
        let folder = try temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        try dictionary.writeSAELens(to: folder)
        let again = try SparseDictionary(saeLens: folder)
        #expect(again.encoder == dictionary.encoder && again.decoder == dictionary.decoder)
        #expect(again.encoderBias == dictionary.encoderBias && again.decoderBias == dictionary.decoderBias)
        #expect(again.activation == dictionary.activation && again.skip == dictionary.skip)
        #expect(again.inputScaling == dictionary.inputScaling && again.input == dictionary.input)
        #expect(again.subtractsDecoderBias == dictionary.subtractsDecoderBias && again.output == dictionary.output)
    }

    @Test func hooksOfSAELensAreHookPoints() throws {
        let sae = try SparseDictionary(saeLens: Self.golden.appendingPathComponent("standard"))
        #expect(sae.input == .block(1, .residPost) && sae.isAutoencoder && sae.subtractsDecoderBias)
        let transcoder = try SparseDictionary(saeLens: Self.golden.appendingPathComponent("transcoder"))
        #expect(transcoder.output == .block(1, .mlpOut) && transcoder.outputWidth == 4 && !transcoder.isAutoencoder)
    }

    @Test func archivesOfGemmaScopeAreReadAndComeBackBitForBit() throws {
        let site = HookPoint.block(3, .residPost)
        let file = Self.golden.appendingPathComponent("gemma-scope/params.npz")
        let dictionary = try SparseDictionary(gemmaScope: file, input: site)
        try check(dictionary, "gemma-scope")
        let folder = try temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        let copy = folder.appendingPathComponent("params.npz")
        try dictionary.writeGemmaScope(to: copy)
        let again = try SparseDictionary(gemmaScope: copy, input: site)
        #expect(again.encoder == dictionary.encoder && again.decoder == dictionary.decoder)
        #expect(again.activation == dictionary.activation)
    }

    @Test func transcodersOfCircuitTracerAreReadAndComeBackBitForBit() throws {
        let found = try TranscoderFolder(contentsOf: Self.golden.appendingPathComponent("circuit-tracer"))
        #expect(found.transcoders.count == 2 && found.model == "gpt2" && found.scan == "test/scan")
        #expect(found.transcoders[1].input == .block(1, .residMid) && found.transcoders[1].skip != nil)
        try check(found.transcoders[1], "circuit-tracer")
        let folder = try temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        try found.write(to: folder)
        let again = try TranscoderFolder(contentsOf: folder)
        #expect(again.scan == found.scan && again.model == found.model)
        for (a, b) in zip(again.transcoders, found.transcoders) {
            #expect(
                a.encoder == b.encoder && a.decoder == b.decoder && a.skip == b.skip && a.activation == b.activation)
        }
    }

    @Test func whatAFormatCannotHoldIsNotWritten() throws {
        let folder = try temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        func dictionary(_ activation: SparseDictionary.Activation, skip: Tensor? = nil, block: Int = 0, to: Site) throws
            -> SparseDictionary
        {
            try SparseDictionary(
                encoder: .zeros([2, 3]), encoderBias: .zeros([3]), decoder: .zeros([3, 2]), decoderBias: .zeros([2]),
                skip: skip, activation: activation, input: .block(block, .residMid), output: .block(block, to))
        }
        let linear = try dictionary(.relu, skip: .zeros([2, 2]), to: .residMid)
        #expect { try linear.writeSAELens(to: folder.appendingPathComponent("a")) } throws: {
            "\($0)".contains("no autoencoders with a linear path")
        }
        let mixed = try TranscoderFolder(
            [dictionary(.topK(1), to: .mlpOut), dictionary(.topK(2), block: 1, to: .mlpOut)], model: "m")
        #expect { try mixed.write(to: folder.appendingPathComponent("b")) } throws: {
            "\($0)".contains("one activation for all blocks")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// What reading a changed copy of the folder of a topk dictionary says.
    private func refusal(_ name: String = "topk", _ change: (URL) throws -> Void) throws -> String {
        let folder = try temporary()
        defer { try? FileManager.default.removeItem(at: folder) }
        for file in ["cfg.json", "sae_weights.safetensors"] {
            try FileManager.default.copyItem(
                at: Self.golden.appendingPathComponent(name).appendingPathComponent(file),
                to: folder.appendingPathComponent(file))
        }
        try change(folder)
        do {
            _ = try SparseDictionary(saeLens: folder)
            return ""
        } catch { return "\(error)" }
    }

    private func edit(_ folder: URL, _ old: String, _ new: String) throws {
        let url = folder.appendingPathComponent("cfg.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: url)
    }

    @Test func damagedFoldersAreRefusedInASentence() throws {
        func refusal(_ old: String, _ new: String) throws -> String { try self.refusal { try edit($0, old, new) } }
        #expect(try refusal("\"topk\"", "\"temporal\"").contains("its architecture temporal is not known"))
        #expect(try refusal("\"d_in\": 6, \"d_sae\": 10", "\"d_in\": 10, \"d_sae\": 6").contains("axes are exchanged"))
        #expect(try refusal("\"d_in\": 6", "\"d_in\": 7").contains("[10, 6], not [10, 7]"))
        #expect(
            try refusal("\"none\", \"reshape", "\"expected_average_only_in\", \"reshape").contains(
                "expected_average_only_in"))
        #expect(try refusal("\"hook_name\"", "\"hook\"").contains("it names no hook_name"))
        #expect(try refusal("blocks.1.hook_resid_post", "middle").contains("middle is no hook point"))
        #expect(try refusal("{\"d_in\"", "\"d_in\"").contains("it is no JSON"))
        let cut = try self.refusal { folder in
            let url = folder.appendingPathComponent("sae_weights.safetensors")
            try Data(contentsOf: url).dropLast(40).write(to: url)
        }
        #expect(cut.contains("sae_weights.safetensors"))
        let missing = try self.refusal("standard") { try edit($0, "\"standard\"", "\"jumprelu\"") }
        #expect(missing.contains("it has no tensor threshold"))
        let nan = try self.refusal { folder in
            let url = folder.appendingPathComponent("sae_weights.safetensors")
            var data = try Data(contentsOf: url)
            data.replaceSubrange(data.count - 4..<data.count, with: [0, 0, 0xC0, 0x7F])
            try data.write(to: url)
        }
        #expect(nan.contains("not finite"))
    }

    @Test func dictionariesThatDoNotFitAModelAreRefused() throws {
        let model = try TinyPair("gpt2-tiny").model
        func refusal(_ input: HookPoint) throws -> String {
            let base = try SparseDictionary(saeLens: Self.golden.appendingPathComponent("standard"))
            let dictionary = try SparseDictionary(
                encoder: base.encoder, encoderBias: base.encoderBias, decoder: base.decoder,
                decoderBias: base.decoderBias, activation: .relu, input: input, output: input)
            do {
                try dictionary.check(fits: model)
                return ""
            } catch { return "\(error)" }
        }
        #expect(try refusal(.block(0, .residPost)).contains("of width 6 at blocks.0.hook_resid_post"))
        #expect(try refusal(.block(90, .residPost)).contains("does not have"))
        #expect(try refusal(.block(0, .pattern)).contains("attention map"))
    }
}
