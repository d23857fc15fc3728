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
            for match in try String(contentsOf: file, encoding: .utf8).matches(
                of: /struct (\w+): Experiment\b/)
            {
                found.insert(String(match.1))
            }
        }
        #expect(!found.isEmpty)
        #expect(found == Set(Catalogue.standard.all.map { "\($0)" }))
        #expect(Set(Catalogue.standard.all.map { $0.card.id }).count == Catalogue.standard.all.count)
    }

    @Test func twoExperimentsOfOneNameAreRefusedByBothTypes() throws {
        let all = Catalogue.standard.all
        #expect(try Catalogue(checking: all).all.count == all.count)
        #expect(
            throws: SettingsError("the experiments Grokking and Grokking are both called grokking: give one another id")
        ) {
            try Catalogue(checking: all + [Grokking.self])
        }
    }

    @Test func everyCardSaysWhatAReaderShouldKnow() throws {
        for card in try Catalogue.standard.all.map({ try $0.statedCard() }) {
            let texts = [
                card.title, card.direction, card.question, card.hypothesis, card.control, card.method, card.limits,
            ]
            #expect(texts.allSatisfy { !$0.isEmpty }, "\(card.id)")
            #expect(!card.references.isEmpty && card.minutes > 0, "\(card.id)")
        }
    }

    @Test func everySettingHasALineOfHelp() throws {
        for experiment in Catalogue.standard.all {
            let fields = try experiment.schema().fields
            #expect(!fields.isEmpty)
            #expect(fields.allSatisfy { $0.help?.isEmpty == false }, "\(experiment.card.id)")
        }
    }

    @Test func presetsAndOptionsGiveSettings() throws {
        let settings = try ActivationPatching.settings(preset: "tiny", overrides: [("direction", "noising")])
        #expect(settings["templates"]?.int == 2)
        #expect(settings["direction"]?.string == "noising")
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(preset: "huge") }
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(overrides: [("direction", "sideways")]) }
        #expect(throws: SettingsError.self) { try ActivationPatching.settings(overrides: [("modle", "a")]) }
    }

    @Test func rangesAreOfNumbersAndHoldDefaultsAndPresets() throws {
        for experiment in Catalogue.standard.all {
            let fields = try experiment.schema().fields
            let numbers = fields.filter { field in
                switch field.kind {
                case .integer, .number, .array(.integer), .array(.number): true
                default: false
                }
            }
            #expect(numbers.allSatisfy { $0.range != nil }, "\(experiment.card.id)")
            try checkPresets(experiment)
        }
    }

    private func checkPresets<E: Experiment>(_ experiment: E.Type) throws {
        for settings in [experiment.Settings()] + experiment.presets.values { _ = try experiment.checked(settings) }
    }

    @Test func noNumberIsTooLargeTooSmallOrNone() throws {
        for experiment in Catalogue.standard.all {
            for field in try experiment.schema().fields where field.range != nil {
                let isWhole = field.kind.parsesWholeNumbersOnly
                for text in isWhole ? ["\(Int.max)", "\(Int.min)"] : ["-1e30", "-inf"] {
                    let error = #expect(throws: SettingsError.self, "\(experiment.card.id) --\(field.option) \(text)") {
                        try experiment.settings(overrides: [(field.name, text)])
                    }
                    #expect(error?.description.contains("--\(field.option)") == true, "\(String(describing: error))")
                }
            }
        }
    }
}

extension SettingsField.Kind {
    fileprivate var parsesWholeNumbersOnly: Bool {
        switch self {
        case .integer, .array(.integer): true
        default: false
        }
    }
}
