import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor

/// Everything that decides what a training gives; kept in its folder, so that it can go on.
protocol KeptSettings: Codable, Sendable {
    /// The command that goes on with them, such as `train`.
    var command: String { get }
    /// Numbers of at least 1, by their names.
    var counts: [(name: String, value: Int)] { get }
    var learningRate: Double { get }
}

/// The folder of a training: its settings and checkpoints while it goes on, the model when it is done.
struct TrainingFolder<Settings: KeptSettings> {
    let url: URL
    var checkpoints: URL { url.appendingPathComponent("checkpoints") }
    private var settingsFile: URL { url.appendingPathComponent("training.json") }
    private var modelFile: URL { url.appendingPathComponent("model.safetensors") }

    init(_ url: URL) { self.url = url }

    /// Makes the folder and holds it for this process alone; who holds it removes what killed trainings left in it.
    ///
    /// The model's weights are written last and at once, so a folder with weights is a finished training.
    func lock() throws -> HeldLock {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue {
            throw FileError("\(url.path) is a file: name another folder with --out")
        }
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw FileError("cannot make the folder \(url.path): \(systemReason(of: error))")
        }
        do throws(HeldLock.Failure) {
            let lock = try HeldLock(url.appendingPathComponent(".lock").path)
            removeLeftovers()
            return lock
        } catch {
            switch error {
            case .isHeld:
                throw FileError(
                    "another training writes to \(url.path): wait for it, or name another folder with --out")
            case .system(let code):
                throw FileError("cannot write to the folder \(url.path): \(systemReason(code, at: url.path))")
            }
        }
    }

    /// Removes parts of files, which have hidden names, and the checkpoints of a training that is done.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        let own = [
            "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "training.json",
            RewardModel.headFile,
        ]
        for name in names where own.contains(where: { name.hasPrefix(".\($0).") }) {
            try? FileManager.default.removeItem(at: url.appendingPathComponent(name))
        }
        if FileManager.default.fileExists(atPath: modelFile.path),
            FileManager.default.fileExists(atPath: settingsFile.path)
        {
            try? FileManager.default.removeItem(at: checkpoints)
        }
    }

    /// Writes the settings, unless the folder holds something already.
    func begin(_ settings: Settings) throws -> Settings {
        if FileManager.default.fileExists(atPath: modelFile.path) {
            throw FileError(
                "\(url.path) holds a model already: name another folder with --out, or go on from it with --model")
        }
        if hasCheckpoint {
            throw FileError(
                "\(url.path) holds a training that was stopped: go on with --resume, or name another folder with --out")
        }
        do {
            try FileManager.default.createDirectory(at: checkpoints, withIntermediateDirectories: true)
        } catch {
            throw FileError("cannot make the folder \(url.path): \(systemReason(of: error))")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(settings).writeWhole(to: settingsFile)
        return settings
    }

    /// The settings of a training that was stopped.
    func settings() throws -> Settings {
        guard let data = try? WholeFile.read(settingsFile, limit: 1 << 20) else {
            removeIfEmpty()
            throw FileError("\(url.path) holds no training: begin one without --resume")
        }
        guard !FileManager.default.fileExists(atPath: modelFile.path) else {
            throw FileError("the training in \(url.path) is done: train on with --model \(url.path) and another --out")
        }
        guard let settings = try? JSONDecoder().decode(Settings.self, from: data) else {
            throw FileError("\(settingsFile.path) is not the settings of a training: remove \(url.path) and begin anew")
        }
        for (name, value) in settings.counts where value < 1 {
            throw FileError("\(settingsFile.path) gives \(value) for \(name), which must be at least 1")
        }
        guard settings.learningRate > 0, settings.learningRate.isFinite else {
            throw FileError(
                "\(settingsFile.path) gives \(settings.learningRate) for learningRate, which must be above 0")
        }
        return settings
    }

    var hasCheckpoint: Bool {
        let contents = try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)
        return !(contents ?? []).isEmpty
    }

    /// Saves the model; what was kept for going on is no longer needed.
    func finish(_ model: HookedTransformer) throws {
        try model.save(to: url)
        try? FileManager.default.removeItem(at: checkpoints)
    }

    /// Saves the reward model; what was kept for going on is no longer needed.
    func finish(_ reward: RewardModel) throws {
        try reward.save(folder: url)
        try? FileManager.default.removeItem(at: checkpoints)
    }

    /// Removes what a training left that had not begun.
    func abandon() {
        try? FileManager.default.removeItem(at: checkpoints)
        try? FileManager.default.removeItem(at: settingsFile)
        removeIfEmpty()
    }

    /// Removes the folder where it holds nothing but the lock.
    private func removeIfEmpty() {
        let contents = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        if contents == [".lock"] || contents == [] { try? FileManager.default.removeItem(at: url) }
    }
}

extension TrainingFolder {
    /// A request to stop the training of a command, after which the folder says how it goes on, or is left as it was.
    func interruption(_ command: String) -> RunInterruption? {
        Interruption.current?.awaited {
            let unfinished = UnfinishedTraining(cause: RunInterrupted(), folder: url, command: command)
            if hasCheckpoint { unfinished.advice.map(Failure.say) } else { abandon() }
        }
    }
}

/// A training that left checkpoints but no model.
struct UnfinishedTraining: Unfinished {
    let cause: any Error
    let folder: URL
    /// The command that goes on with it.
    let command: String

    var advice: String? {
        // What diverged diverges again from the same settings.
        guard !(cause is FitError) else { return nil }
        let path = ShellWord.quoted(folder.path)
        return "it goes on from its last checkpoint with: \(CommandName.current) \(command) --out \(path) --resume"
    }
}
