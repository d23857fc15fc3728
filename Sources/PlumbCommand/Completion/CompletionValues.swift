import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbWorlds

/// What a word can be completed to.
struct Candidate: Equatable {
    var text: String
    var summary = ""

    /// Lines that stand for the names of files and of folders, which the shell itself completes.
    static let files = Candidate(text: "/files")
    static let folders = Candidate(text: "/folders")
}

/// What an option or an argument may be.
indirect enum CompletionValues {
    /// Nothing that can be listed.
    case free
    case words([Candidate])
    /// Several of these words, separated by commas.
    case list([String])
    case files
    case folders
    case experiments
    case models
    case datasets
    case worlds
    /// Runs with a record.
    case runs
    /// Runs of an experiment that were stopped.
    case stopped(String)

    init(_ argument: CommandArguments.Argument) {
        let listed = argument.completionKind?.list?.values ?? argument.allValues ?? []
        switch argument.valueName {
        case "experiment": self = .experiments
        case "model": self = .models
        case "data-set": self = .datasets
        case "world": self = .worlds
        case "run": self = .runs
        default:
            if !listed.isEmpty {
                self = .words(listed.map { Candidate(text: $0) })
            } else if argument.completionKind?.directory != nil {
                self = .folders
            } else {
                self = argument.completionKind?.file != nil ? .files : .free
            }
        }
    }

    init(_ field: SettingsField) {
        switch field.kind {
        case .boolean: self = .words(["true", "false"].map { Candidate(text: $0) })
        case .choice(let words):
            self = .words((words + (field.isOptional ? ["none"] : [])).map { Candidate(text: $0) })
        case .array(.choice(let words)): self = .list(words)
        case .array where field.name == "sites": self = .list(Site.insideBlock.map(\.shortName))
        default: self = field.name == "model" ? .models : RunCommand.fileSettings.contains(field.name) ? .files : .free
        }
    }

    /// What `beginning` can be completed to, where runs are kept in `store`.
    func candidates(_ beginning: String, in store: RunStore) -> [Candidate] {
        switch self {
        case .free: return []
        case .words(let candidates): return candidates
        case .list(let words):
            let before = beginning.lastIndex(of: ",").map { String(beginning[...$0]) } ?? ""
            let given = before.split(separator: ",").map(String.init)
            return words.filter { !given.contains($0) }.map { Candidate(text: before + $0) }
        case .files: return [.files]
        case .folders: return [.folders]
        case .experiments: return Plumb.catalogue.all.map { Candidate(text: $0.card.id, summary: $0.card.title) }
        case .models:
            let known = ModelStore().list().map { Candidate(text: $0.model.name, summary: $0.model.summary) }
            let others = ModelStore().downloadedRepositories().map { Candidate(text: $0, summary: "downloaded") }
            return known + others + [.files]
        case .datasets:
            return DatasetStore().list().map { Candidate(text: $0.dataset.name, summary: $0.dataset.summary) } + [
                .files
            ]
        case .worlds: return CatalogWorld.all.map { Candidate(text: $0.id, summary: $0.summary) }
        case .runs: return Self.runs(store.folders().filter(\.hasRecord), beginning) + [.folders]
        case .stopped(let experiment):
            return Self.runs(store.folders(of: experiment).filter { !$0.hasRecord }, beginning)
        }
    }

    /// The newest, then short ids; whole ids once the beginning of one is typed.
    private static func runs(_ folders: [RunStore.Folder], _ beginning: String) -> [Candidate] {
        guard !folders.isEmpty else { return [] }
        let usesWholeIDs = beginning.first?.isNumber ?? false
        return [Candidate(text: "latest", summary: folders[0].id)]
            + folders.map { usesWholeIDs ? Candidate(text: $0.id) : Candidate(text: $0.shortID, summary: $0.id) }
    }
}
