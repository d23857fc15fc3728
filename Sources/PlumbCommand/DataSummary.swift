import Foundation
import PlumbData
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

/// What `plumb data show` tells about a data set.
struct DataSummary {
    private var facts: [(name: String, value: JSONValue)]
    private let dataset: Dataset

    /// - Parameters:
    ///   - entry: the catalogue's entry, where the data set is known by name.
    ///   - tokenizer: what to count a text's tokens with.
    ///   - vocabulary: how many tokens to learn from a text where there is no tokenizer; 0 for none.
    init(_ location: DatasetLocation, entry: CatalogueDataset?, tokenizer: Tokenizer?, vocabulary: Int) throws {
        dataset = try location.load()
        facts = [("path", .string(location.url.path))]
        if let entry {
            facts += [("license", .string(entry.license)), ("source", .string(entry.sourceText))]
        }
        switch dataset {
        case .images(let parts):
            for part in parts { try part.images.checkFinite("\(location.url.path), \(part.name)") }
            for part in parts {
                let shape = part.images.images.shape.map(String.init).joined(separator: " × ")
                facts.append(("\(part.name) shape", .string(shape)))
            }
        case .text(let corpus):
            let characters = CharacterVocabulary(of: corpus.text)
            facts += [
                ("bytes", JSONValue(corpus.text.utf8.count)),
                ("characters", JSONValue(corpus.text.unicodeScalars.count)),
                ("lines", JSONValue(corpus.text.utf8.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) })),
                ("different characters", JSONValue(characters.count)),
            ]
            let cutter =
                try tokenizer
                ?? (vocabulary > 0 ? BytePairTrainer(vocabularySize: vocabulary).train([corpus.text]).tokenizer() : nil)
            guard let cutter else { return }
            let stream = TokenStream(corpus, tokenizer: cutter)
            facts += [
                ("tokens", JSONValue(stream.tokens.count)),
                (tokenizer == nil ? "learned vocabulary" : "vocabulary", JSONValue(stream.vocabularySize)),
            ]
        }
    }

    var json: JSONValue {
        var object = Dictionary(
            facts.map { ($0.name.replacing(" ", with: "_"), $0.value) }, uniquingKeysWith: { $1 })
        guard case .images(let parts) = dataset else {
            object["kind"] = .string("text")
            return .object(object)
        }
        object["kind"] = .string("images")
        for part in parts { object["\(part.name)_shape"] = nil }
        object["parts"] = .array(
            parts.map { part in
                let classes = zip(part.images.classNames, part.images.classCounts).map { name, count in
                    JSONValue.object(["name": .string(name), "count": JSONValue(count)])
                }
                return .object([
                    "name": .string(part.name), "count": JSONValue(part.images.count),
                    "shape": .array(part.images.images.shape.map { JSONValue($0) }), "classes": .array(classes),
                ])
            })
        return .object(object)
    }

    func text(_ style: TerminalStyle) -> String {
        let head = TerminalTable(
            columns: [.init("fact"), .init("value")], rows: facts.map { [$0.name, $0.value.plainText] })
        let body =
            switch dataset {
            case .images(let parts): Self.images(parts, style)
            case .text(let corpus): Self.beginning(of: corpus, style)
            }
        return head.render(style) + "\n" + body
    }

    /// How often each class occurs in each part, and the first picture of each.
    private static func images(_ parts: [Dataset.ImagePart], _ style: TerminalStyle) -> String {
        guard let largest = parts.max(by: { $0.images.classNames.count < $1.images.classNames.count }) else {
            return ""
        }
        let names = largest.images.classNames
        let table = TerminalTable(
            columns: [.init("label", .right), .init("class")] + parts.map { .init($0.name, .right) },
            rows: names.indices.map { label in
                ["\(label)", names[label]]
                    + parts.map { label < $0.images.classCounts.count ? "\($0.images.classCounts[label])" : "0" }
            })
        let images = largest.images
        let firsts = names.indices.compactMap { images.labels.firstIndex(of: $0) }
        let pictures = firsts.map { index in
            TerminalPicture(
                width: images.width, height: images.height, channels: images.channels,
                pixels: images.images[index].elements, caption: names[images.labels[index]])
        }
        return table.render(style) + "\n" + TerminalPicture.row(pictures, style)
    }

    private static func beginning(of corpus: TextCorpus, _ style: TerminalStyle) -> String {
        let lines = corpus.text.prefix(4_000).split(separator: "\n", maxSplits: 8, omittingEmptySubsequences: false)
        let table = TerminalTable(columns: [.init("first lines")], rows: lines.prefix(8).map { [String($0)] })
        return table.render(style)
    }
}
