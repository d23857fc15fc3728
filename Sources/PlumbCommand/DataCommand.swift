import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "List, fetch and inspect data sets.",
        subcommands: [List.self, Get.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the data sets known by name.")
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            let listings = DatasetStore().list()
            if json {
                let datasets = listings.map { listing in
                    JSONValue.object([
                        "name": .string(listing.dataset.name), "summary": .string(listing.dataset.summary),
                        "examples": JSONValue(listing.dataset.count), "bytes": JSONValue(listing.dataset.size),
                        "license": .string(listing.dataset.license), "source": .string(listing.dataset.sourceText),
                        "path": listing.cached.map { .string($0.path) } ?? .null,
                    ])
                }
                return try Output.json(.object(["datasets": .array(datasets)]))
            }
            let table = TerminalTable(
                columns: [
                    .init("name"), .init("examples", .right), .init("size", .right), .init("license"),
                    .init("at hand"), .init("what it is"),
                ],
                rows: listings.map { listing in
                    let dataset = listing.dataset
                    return [
                        dataset.name, "\(dataset.count)", NumberText.bytes(dataset.size), dataset.license,
                        listing.cached == nil ? "no" : "yes", dataset.summary,
                    ]
                })
            print(table.render(.current()))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Fetch a data set, check it, and say where it is.")
        @Argument(
            help: ArgumentHelp(
                "A name that \(CommandName.current) data list shows, a text file, or a folder.", valueName: "data-set"))
        var name: String

        func validate() throws { try PathOption.check(name, "NAME") }

        func run() async throws {
            print(try await DataCommand.locate(name).url.path)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a data set's sizes, classes and a few examples.",
            discussion: """
                A folder holds pairs of IDX files, NAME-images-idx3-ubyte.gz with NAME-labels-idx1-ubyte.gz, or .txt \
                files, which are read as one text.
                """)
        @Argument(
            help: ArgumentHelp(
                "A name that \(CommandName.current) data list shows, a text file, or a folder.", valueName: "data-set"))
        var name: String
        @Option(
            parsing: .unconditional,
            help: "The vocabulary to learn from a text, which counts its tokens: 0 for none, or from 256 to 1000000.")
        var vocabulary = 1_024
        @Option(
            help: "A tokenizer.json that counts a text's tokens. (default: none, a vocabulary is learned)",
            completion: .file(extensions: ["json"]))
        var tokenizer: String?
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            try PathOption.check(name, "NAME")
            try PathOption.check(tokenizer, "--tokenizer")
            guard vocabulary == 0 || (256...1_000_000).contains(vocabulary) else {
                throw ValidationError("--vocabulary is 0 or from 256 to 1000000, not \(vocabulary)")
            }
        }

        func run() async throws {
            let location = try await DataCommand.locate(name)
            let tokenizer = try tokenizer.map { path in
                let data = try UserFile.data(path)
                do { return try Tokenizer(json: data) } catch { throw FileError("\(path): \(error)") }
            }
            let summary = try DataSummary(
                location, entry: DatasetStore().entry(name), tokenizer: tokenizer, vocabulary: vocabulary)
            if json { return try Output.json(summary.json) }
            print(summary.text(.current()))
        }
    }

    private static func locate(_ name: String) async throws -> DatasetLocation {
        let progress = Output.progress()
        defer { progress.close() }
        return try await DatasetStore().locate(name) { downloaded in
            progress.receive(RunEvent(.progress(label: "fetching \(name)", fraction: downloaded.fraction ?? 0)))
        }
    }
}
