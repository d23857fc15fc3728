import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbWorlds

/// Gridworlds by name: what they look like, and what moves in them give.
struct WorldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "world", abstract: "List gridworlds, draw them, and play moves in them.",
        subcommands: [List.self, Show.self, Play.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the worlds known by name.")
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            if json {
                let worlds = CatalogWorld.all.map {
                    JSONValue.object(["id": .string($0.id), "summary": .string($0.summary)])
                }
                return try Output.json(.object(["worlds": .array(worlds)]))
            }
            let table = TerminalTable(
                columns: [.init("id"), .init("what can go wrong")],
                rows: CatalogWorld.all.map { [$0.id, $0.summary] })
            print(table.render(.current()))
            let command = CommandName.current
            let hint = "\(command) world show ID draws one; \(command) run specification-gaming learns in all of them."
            print(TerminalStyle.current().paragraph(hint, indent: ""))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw a world at the beginning of an episode.",
            discussion: "The file of --map holds the rows of a grid, in the characters that the world's legend lists.")
        @OptionGroup var choice: Choice

        func run() throws {
            let (entry, world) = try choice.world()
            try show(world, entry)
        }

        private func show<W: RenderableWorld>(_ world: W, _ entry: CatalogWorld) throws where W.Action == Move {
            let episode = try world.episode(key: RandomKey(choice.seed), limit: 0) { _, _ in .up }
            let rows = world.rows(of: episode.states[0])
            let legend = world.legend.filter { !$0.label.isEmpty }
            if choice.json {
                return try Output.json(
                    .object([
                        "id": .string(entry.id), "summary": .string(entry.summary),
                        "rows": .array(rows.map(JSONValue.string)),
                        "legend": .object(
                            Dictionary(legend.map { ($0.character, JSONValue.string($0.label)) }) { first, _ in first }),
                    ]))
            }
            let style = TerminalStyle.current()
            print(style.paragraph(entry.summary, indent: "") + "\n\n" + rows.joined(separator: "\n") + "\n")
            print(legend.map { "\($0.character)  \($0.label)" }.joined(separator: "\n"))
            let map = choice.map.map { " --map \(ShellWord.quoted($0))" } ?? ""
            print("\n\(CommandName.current) world play \(entry.id)\(map) --moves rrdd\ntries moves: u, d, l, r")
        }
    }

    struct Play: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make moves in a world; show the reward that the agent observes and its hidden performance.")
        @OptionGroup var choice: Choice
        @Option(help: "The moves, one letter each: u, d, l, r.") var moves: String
        @Flag(help: "Draw the world after every move.") var frames = false

        func run() throws {
            let (entry, world) = try choice.world()
            try play(world, entry)
        }

        private func play<W: RenderableWorld>(_ world: W, _ entry: CatalogWorld) throws where W.Action == Move {
            let episode = try world.replay(moves, key: RandomKey(choice.seed))
            let isOver = episode.results.last?.isOver == true
            if choice.json {
                let steps = zip(moves, episode.results).map { move, result in
                    JSONValue.object([
                        "move": .string(String(move)), "reward": JSONValue(result.reward),
                        "performance": JSONValue(result.performance),
                    ])
                }
                return try Output.json(
                    .object([
                        "id": .string(entry.id), "return": JSONValue(episode.totalReward),
                        "performance": JSONValue(episode.totalPerformance), "over": .bool(isOver),
                        "steps": .array(steps),
                        "rows": .array(episode.states.last.map(world.rows)?.map(JSONValue.string) ?? []),
                    ]))
            }
            for (index, state) in episode.states.enumerated()
            where frames || index == 0 || index == episode.states.count - 1 {
                let title = index == 0 ? "at the start" : "after move \(index), \(episode.actions[index - 1])"
                print(title + "\n" + world.rows(of: state).joined(separator: "\n") + "\n")
            }
            print("return       \(NumberText.value(episode.totalReward)), the reward that the agent observes")
            print("performance  \(NumberText.value(episode.totalPerformance)), what its designer wanted")
            let isCut = episode.actions.count == world.stepLimit
            print(isOver ? "The episode is over." : isCut ? "The episode is cut off." : "The episode goes on.")
        }
    }

    /// Which world, on which map.
    struct Choice: ParsableArguments {
        @Argument(
            help: ArgumentHelp("A world's id; \(CommandName.current) world list shows them.", valueName: "world"))
        var id: String
        @Option(help: "A file with a map of your own. (default: the authors' map)", completion: .file())
        var map: String?
        @Option(parsing: .unconditional, help: "The seed of the world's random numbers.") var seed: UInt64 = 0
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws { try PathOption.check(map, "--map") }

        func world() throws -> (CatalogWorld, any RenderableWorld & World<Move>) {
            guard let entry = CatalogWorld.all.first(where: { $0.id == id }) else {
                let known = CatalogWorld.all.map(\.id)
                let hint = closestMatch(to: id, in: known).map { "did you mean \($0)? The" } ?? "the"
                throw SettingsError("there is no world \"\(id)\": \(hint) worlds are \(known.joined(separator: ", "))")
            }
            guard let map else { return (entry, try entry.world()) }
            let url = URL(fileURLWithPath: map)
            let data: Data
            do { data = try WholeFile.read(url, limit: 1 << 20, kind: .stream) } catch {
                throw WorldError("the map \(map) cannot be read: \(error)")
            }
            guard var text = String(data: data, encoding: .utf8) else {
                throw WorldError("the map \(map) is not UTF-8 text")
            }
            while text.last?.isNewline == true { text.removeLast() }
            do { return (entry, try entry.world(map: text)) } catch { throw WorldError("\(map): \(error)") }
        }
    }
}
