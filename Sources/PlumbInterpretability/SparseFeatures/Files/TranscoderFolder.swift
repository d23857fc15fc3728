public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

// circuit-tracer keeps a transcoder for each block: layer_0.safetensors and so on with W_enc [n, d], a row for each
// feature, W_dec [n, d], b_enc, b_dec, for JumpReLU "activation_function.threshold", for a linear path W_skip [out,
// in]. config.yaml beside them names the hooks "hook_resid_mid", "mlp.hook_in" or "ln2.hook_normalized", and
// "hook_mlp_out", of every block.

/// A transcoder for each block of a model, as circuit-tracer keeps them (Hanna, Piotrowski, Lindsey, Ameisen,
/// *circuit-tracer*, 2025, version 0.5).
public struct TranscoderFolder: Sendable {
    /// The name of the model, as the folder gives it.
    public let model: String
    /// What the folder says about where feature pages are found.
    public let scan: String
    /// One for each block, from the first.
    public let transcoders: [SparseDictionary]
    /// The files that they were read from, for a record.
    public let files: [InputFile]

    /// Transcoders at hand.
    ///
    /// - Throws: `ModelError` unless there is one for each block, from the first, of the same two sites and the same
    /// number of features.
    public init(_ transcoders: [SparseDictionary], model: String, scan: String = "plumbline") throws {
        try self.init(transcoders, model: model, scan: scan, files: [])
    }

    private init(_ transcoders: [SparseDictionary], model: String, scan: String, files: [InputFile]) throws {
        guard let first = transcoders.first else {
            throw ModelError("a folder of transcoders needs one for each block")
        }
        for (index, transcoder) in transcoders.enumerated() {
            guard transcoder.input == .block(index, first.input.site),
                transcoder.output == .block(index, first.output.site), transcoder.features == first.features
            else {
                throw ModelError(
                    "transcoder \(index) has \(transcoder.features) features from \(transcoder.input) to "
                        + "\(transcoder.output); all must have \(first.features), of the same sites, block by block")
            }
        }
        (self.transcoders, self.model, self.scan, self.files) = (transcoders, model, scan, files)
    }

    /// Reads `config.yaml` and the file of each block.
    ///
    /// - Parameter location: their folder, or a run's that has such a folder among its artifacts.
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(contentsOf location: URL) throws {
        let folder = try location.onlyFolder(with: ["config.yaml"], of: "transcoders")
        let url = folder.appendingPathComponent("config.yaml")
        let fields = try PlainYAML(contentsOf: url)
        let kind = fields["model_kind"] ?? "transcoder_set"
        guard kind == "transcoder_set" else {
            throw FileError(
                "\(url.path): its model_kind is \(visible(kind, limit: 40)); only transcoder_set is read, a "
                    + "transcoder for "
                    + "each block")
        }
        func site(_ name: String) throws -> Site {
            guard let text = fields[name] else { throw FileError("\(url.path): it names no \(name)") }
            guard let site = Site(named: text) else {
                throw FileError("\(url.path): its \(name) \(visible(text, limit: 60)) is no hook")
            }
            return site
        }
        let (input, output) = (try site("feature_input_hook"), try site("feature_output_hook"))
        var (transcoders, files): ([SparseDictionary], [InputFile]) = ([], [])
        while true {
            let file = folder.appendingPathComponent("layer_\(transcoders.count).safetensors")
            guard FileManager.default.fileExists(atPath: file.path) else { break }
            transcoders.append(
                try SparseDictionary(
                    transcoder: file, input: .block(transcoders.count, input),
                    output: .block(transcoders.count, output),
                    activation: fields["activation"], k: fields["k"].flatMap { Int($0) }))
            let bytes = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            files.append(
                InputFile(path: file.path, sha256: try FileHash.sha256(of: file), bytes: bytes, role: "transcoder"))
        }
        guard !transcoders.isEmpty else { throw FileError("\(folder.path) has no layer_0.safetensors") }
        do {
            try self.init(transcoders, model: fields["model_name"] ?? "", scan: fields["scan"] ?? "", files: files)
        } catch let error as ModelError { throw FileError("\(folder.path): \(error.description)") }
    }

    /// Writes `config.yaml` and a file for each block.
    ///
    /// - Parameter folder: made where there is none.
    /// - Throws: `FileError` when a file cannot be written, or for transcoders that circuit-tracer has no form for:
    /// gated ones, and such that change their inputs.
    public func write(to folder: URL) throws {
        func settings(_ transcoder: SparseDictionary) -> [String] {
            switch transcoder.activation {
            case .topK(let k): ["activation: topk", "k: \(k)"]
            case .relu: ["activation: relu"]
            case .jumpReLU, .batchTopK, .gated: []
            }
        }
        let first = transcoders[0]
        guard transcoders.allSatisfy({ settings($0) == settings(first) }) else {
            throw FileError("\(folder.path) was not written: config.yaml has one activation for all blocks")
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var lines = [
            "model_name: \(quoted(model))", "model_kind: transcoder_set", "scan: \(quoted(scan))",
            "feature_input_hook: \(quoted(first.input.site.rawValue))",
            "feature_output_hook: \(quoted(first.output.site.rawValue))",
        ]
        lines += settings(first)
        for (index, transcoder) in transcoders.enumerated() {
            try transcoder.writeTranscoder(to: folder.appendingPathComponent("layer_\(index).safetensors"))
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8)
            .writeWhole(to: folder.appendingPathComponent("config.yaml"))
    }

    private func quoted(_ text: String) -> String { JSONValue.string(text).text(.compact) }
}

extension SparseDictionary {
    /// Reads one transcoder of circuit-tracer.
    fileprivate init(transcoder file: URL, input: HookPoint, output: HookPoint, activation: String?, k: Int?) throws {
        let tensors = try NamedTensors(safetensors: file)
        self = try tensors.dictionary {
            let (encoderBias, decoderBias) = (try tensors.tensor("b_enc"), try tensors.tensor("b_dec"))
            let (features, outputs) = (encoderBias.count, decoderBias.count)
            let width = try tensors.tensor("W_enc").shape.first { $0 != features } ?? features
            let threshold = "activation_function.threshold"
            let kind: Activation
            switch activation {
            case "topk":
                guard let k else { throw tensors.error("its folder's config.yaml says topk but no k") }
                kind = .topK(k)
            case "relu": kind = .relu
            case .none, "jumprelu", "jump_relu":
                guard tensors.contains(threshold) else {
                    kind = .relu
                    break
                }
                let found = try tensors.tensor(threshold)
                kind = .jumpReLU(
                    thresholds: found.count == 1
                        ? Tensor(repeating: found.reshaped([1])[0].item, shape: [features])
                        : try tensors.tensor(threshold, [features]))
            case .some(let other):
                throw tensors.error(
                    "the activation \(visible(other, limit: 40)) is not known; known are relu, topk and jumprelu")
            }
            return try SparseDictionary(
                encoder: try tensors.tensor("W_enc", [features, width]).transposed(), encoderBias: encoderBias,
                decoder: try tensors.tensor("W_dec", [features, outputs]), decoderBias: decoderBias,
                skip: tensors.contains("W_skip") ? try tensors.tensor("W_skip", [outputs, width]).transposed() : nil,
                activation: kind, input: input, output: output)
        }
    }

    fileprivate func writeTranscoder(to file: URL) throws {
        guard !subtractsDecoderBias, inputScaling == .none else {
            throw FileError("\(file.path) was not written: circuit-tracer's transcoders do not change their inputs")
        }
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        switch activation {
        case .relu, .topK: break
        case .jumpReLU(let thresholds): writer.add("activation_function.threshold", thresholds)
        case .batchTopK(let threshold, _):
            writer.add("activation_function.threshold", Tensor(repeating: threshold, shape: [features]))
        case .gated: throw FileError("\(file.path) was not written: circuit-tracer has no gated transcoders")
        }
        writer.add("W_enc", encoder.transposed())
        writer.add("W_dec", decoder)
        writer.add("b_enc", encoderBias)
        writer.add("b_dec", decoderBias)
        if let skip { writer.add("W_skip", skip.transposed()) }
        try writer.write(to: file)
    }
}

/// The part of YAML that such folders use: `name: value` on lines of their own. Lists and comments are passed over.
struct PlainYAML {
    private var values: [String: String] = [:]

    init(contentsOf url: URL) throws {
        let data: Data
        do { data = try WholeFile.read(url, limit: 16 << 20) } catch {
            throw FileError("\(url.path) cannot be read: \(error)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw FileError("\(url.path): it is no text in UTF-8")
        }
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") && !line.hasPrefix(" ") {
            guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("-") else { continue }
            let name = line[..<colon].trimmingCharacters(in: .whitespaces)
            var value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            if value.hasPrefix("'"), value.hasSuffix("'"), value.count > 1 {
                value = String(value.dropFirst().dropLast())
            } else if value.hasPrefix("\""), let text = try? JSONValue(parsing: Data(value.utf8)).string {
                value = text
            } else if let comment = value.range(of: " #") {
                value = value[..<comment.lowerBound].trimmingCharacters(in: .whitespaces)
            }
            if !value.isEmpty, !["null", "~"].contains(value) { values[name] = value }
        }
    }

    subscript(name: String) -> String? { values[name] }
}
