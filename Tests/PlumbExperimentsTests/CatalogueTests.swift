import Foundation
import PlumbExperiments
import PlumbRecords
import Testing

/// Every experiment is listed, explained and can be set from the command line.
@Suite struct CatalogueTests {
    @Test func everyExperimentInTheSourcesIsListed() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let sources = root.appendingPathComponent("Sources/PlumbExperiments")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var found: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            for match in try String(contentsOf: file, encoding: .utf8).matches(of: /struct (\w+): Experiment\b/) {
                found.insert(String(match.1))
            }
        }
        #expect(!found.isEmpty)
        #expect(found == Set(Catalogue.all.map { "\($0)" }))
        #expect(Set(Catalogue.all.map { $0.card.id }).count == Catalogue.all.count)
    }

    @Test func everyCardSaysWhatAReaderShouldKnow() {
        for card in Catalogue.all.map({ $0.card }) {
            let texts = [
                card.title, card.direction, card.question, card.hypothesis, card.control, card.method, card.limits,
            ]
            #expect(texts.allSatisfy { !$0.isEmpty }, "\(card.id)")
            #expect(!card.references.isEmpty && card.minutes > 0, "\(card.id)")
        }
    }

    @Test func everySettingHasALineOfHelp() throws {
        for experiment in Catalogue.all {
            let fields = try experiment.schema().fields
            #expect(!fields.isEmpty)
            #expect(Set(experiment.help.keys) == Set(fields.map(\.name)), "\(experiment.card.id)")
            #expect(fields.allSatisfy { $0.help?.isEmpty == false }, "\(experiment.card.id)")
        }
    }

    @Test func presetsAndOptionsGiveSettings() throws {
        let settings = try ActivationPatching.settings(preset: "tiny", overrides: [("direction", "noising")])
        #expect(settings["templates"]?.int == 3)
        #expect(settings["direction"]?.string == "noising")
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(preset: "huge") }
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(overrides: [("direction", "sideways")]) }
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(overrides: [("modle", "a")]) }
    }
}
