import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport

struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "List, fetch and inspect models.",
        subcommands: [List.self, Get.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the models known by name.")
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            let listings = ModelStore().list()
            if json {
                let models = listings.map { listing in
                    JSONValue.object([
                        "name": .string(listing.model.name), "summary": .string(listing.model.summary),
                        "parameters": JSONValue(listing.model.parameters),
                        "license": .string(listing.model.license), "source": .string(listing.model.sourceText),
                        "path": listing.cached.map { .string($0.path) } ?? .null,
                    ])
                }
                let families = Architecture.allCases.map { family in
                    JSONValue.object([
                        "name": .string(family.rawValue), "title": .string(family.title),
                        "verified": .string(family.verification),
                    ])
                }
                return try Output.json(.object(["families": .array(families), "models": .array(models)]))
            }
            let table = TerminalTable(
                columns: [
                    .init("name"), .init("parameters", .right), .init("size", .right), .init("license"),
                    .init("cached"),
                    .init("what it is"),
                ],
                rows: listings.map { listing in
                    let model = listing.model
                    return [
                        model.name, "\(model.parameters / 1_000_000) M", model.size.map { NumberText.bytes($0) } ?? "",
                        model.license, listing.cached == nil ? "no" : "yes", model.summary,
                    ]
                })
            print(table.render(.current()))
            let families = TerminalTable(
                columns: [.init("family"), .init("model_type"), .init("verified against")],
                rows: Architecture.allCases.map { [$0.title, $0.rawValue, $0.verification] })
            print("\nFamilies whose models are read, from folders, the hub and GGUF:\n")
            print(families.render(.current()))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Fetch a model, check it, and say where it is.")
        @Argument(
            help: ArgumentHelp(
                "A name that \(CommandName.current) model list shows, or a hub id such as openai-community/gpt2.",
                valueName: "model"))
        var name: String

        func validate() throws { try PathOption.check(name, "NAME") }

        func run() async throws {
            let progress = Output.progress()
            let name = name
            let location = try await ModelStore().locate(name) { downloaded in
                progress.receive(
                    RunEvent(.progress(label: "fetching \(name)", fraction: downloaded.fraction ?? 0)))
            }
            progress.close()
            print(location.url.path)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a model's architecture, tensors, types, tokenizer and license.")
        @Argument(
            help: ArgumentHelp(
                """
                A name that \(CommandName.current) model list shows, a .gguf file, a folder with config.json and \
                safetensors, or a hub id.
                """, valueName: "model"))
        var path: String
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws { try PathOption.check(path, "PATH") }

        func run() async throws {
            let summary = try ModelSummary(await ModelStore().locate(path), name: path)
            if json { return try Output.json(summary.json) }
            print(summary.text(.current()))
        }
    }
}
