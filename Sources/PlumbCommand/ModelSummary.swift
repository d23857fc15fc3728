import Foundation
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

/// What `plumb model show` tells about a model's files.
struct ModelSummary {
    private let facts: [(name: String, value: JSONValue)]
    private let tensors: [(name: String, shape: [Int], type: String)]

    init(_ location: ModelLocation, name: String) throws {
        let model: HookedTransformer
        var facts: [(String, JSONValue)] = []
        switch location {
        case .gguf(let url):
            let file = try GGUFFile(contentsOf: url)
            model = try HookedTransformer.load(gguf: url, name: name)
            tensors = try file.names.map { name in
                let summary = try file.summary(of: name)
                return (name, summary.shape, summary.typeName)
            }
            facts.append(("format", .string("GGUF v\(file.version)")))
            for (label, key) in [("title", "general.name"), ("license", "general.license")] {
                if let text = try? file.string(key) { facts.append((label, .string(text))) }
            }
        case .folder(let url):
            let checkpoint = try SafetensorsCheckpoint(folder: url)
            model = try HookedTransformer.load(folder: url, name: name)
            tensors = try checkpoint.names.map { name in
                let tensor = try checkpoint.tensor(name)
                return (name, tensor.shape, tensor.elementType.name)
            }
            facts.append(("format", .string("safetensors")))
        }
        let sizes = model.configuration
        facts =
            [
                ("architecture", .string(sizes.architecture.rawValue)), ("layers", JSONValue(sizes.layers)),
                ("width", JSONValue(sizes.width)), ("heads", JSONValue(sizes.heads)),
                ("key-value heads", JSONValue(sizes.keyValueHeads)), ("head width", JSONValue(sizes.headWidth)),
                ("MLP width", JSONValue(sizes.mlpWidth)), ("vocabulary", JSONValue(sizes.vocabulary)),
                ("context", JSONValue(sizes.context)),
                ("parameters", JSONValue(tensors.reduce(0) { $0 + $1.shape.reduce(1, *) })),
                ("quantized", .bool(model.isQuantized)),
                ("tokenizer", .string(model.tokenizer.map { "\($0.kind), \($0.vocabularySize) tokens" } ?? "none")),
                ("chat template", .bool(model.tokenizer?.chatTemplateSource != nil)),
            ] + facts
        self.facts = facts.map { (name: $0.0, value: $0.1) }
    }

    var json: JSONValue {
        var object = Dictionary(
            facts.map { ($0.name.replacing(" ", with: "_").replacing("-", with: "_").lowercased(), $0.value) },
            uniquingKeysWith: { $1 })
        object["tensors"] = .array(
            tensors.map { tensor in
                .object([
                    "name": .string(tensor.name), "shape": .array(tensor.shape.map { JSONValue($0) }),
                    "type": .string(tensor.type),
                ])
            })
        return .object(object)
    }

    func text(_ style: TerminalStyle) -> String {
        let counts = Dictionary(grouping: tensors, by: \.type).mapValues(\.count)
        let types = counts.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
        let rows = facts.map { [$0.name, $0.value.plainText] } + [["types", types]]
        let head = TerminalTable(columns: [.init("fact"), .init("value")], rows: rows)
        let body = TerminalTable(
            columns: [.init("tensor"), .init("shape"), .init("type")],
            rows: tensors.map { [$0.name, $0.shape.map(String.init).joined(separator: " × "), $0.type] })
        return head.render(style) + "\n\n" + body.render(style)
    }
}
