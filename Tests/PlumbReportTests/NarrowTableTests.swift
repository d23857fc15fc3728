import Foundation
import PlumbRecords
import PlumbReport
import Testing

/// Tables on terminals that are too narrow for them: nothing is cut, and words stay whole.
@Suite struct NarrowTableTests {
    private let models = TerminalTable(
        columns: [
            .init("name"), .init("parameters", .right), .init("size", .right), .init("license"), .init("what it is"),
        ],
        rows: [
            ["smollm2-135m", "134 M", "98.4 MB", "Apache-2.0", "its results are those of a quantized model"],
            ["gpt2", "124 M", "", "MIT", "float32"],
        ])

    @Test func whereTheWordsFitTheyStandInColumns() {
        let text = models.render(TerminalStyle(width: 60))
        #expect(text.hasPrefix("name "))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 60 })
        for word in ["smollm2-135m", "Apache-2.0", "quantized", "parameters", "98.4 MB"] {
            #expect(text.contains(word), "\(word) is broken")
        }
    }

    @Test func whereTheyDoNotARowIsAParagraph() {
        #expect(
            models.render(TerminalStyle(width: 40)) == """
                smollm2-135m
                  parameters  134 M
                  size        98.4 MB
                  license     Apache-2.0
                  what it is  its results are those of a
                              quantized model

                gpt2
                  parameters  124 M
                  license     MIT
                  what it is  float32

                """)
    }

    @Test func datesAndNumbersAreNotBroken() {
        let table = TerminalTable(
            columns: [.init("started"), .init("a title of some length"), .init("n", .right)],
            rows: [["2026-11-29 10:29", "learning-from-preferences", "123456"]])
        for width in [30, 40, 50] {
            let lines = table.render(TerminalStyle(width: width)).split(separator: "\n")
            #expect(lines.contains { $0.contains("2026-11-29") } && lines.contains { $0.contains("123456") })
        }
    }

    @Test(arguments: [80, 50]) func runsShowWhatTellsThemApart(width: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = RunStore(directory: folder)
        for (seed, direction) in [(3 as UInt64, "denoising"), (4, "noising")] {
            var record = Fixture.record
            record.seed = seed
            record.settings = .object(["model": .string("smollm2-135m"), "direction": .string(direction)])
            let run = try store.create(experiment: "activation-patching", settings: record.settings, seed: seed)
            record.id = run.id
            try run.finish(with: record)
        }
        let entries = try store.list()
        let text = TerminalTable(runs: entries, width: width).render(TerminalStyle(width: width))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(text)")
        let words = ["smollm2-135m", "seed 3", "seed 4", "patching", "direction", "denoising", "2026-01-02", "03:04"]
        for word in words + entries.map(\.shortID) { #expect(text.contains(word), "\(word) is broken:\n\(text)") }
        #expect(!text.contains("UTC\n"))
    }
}
