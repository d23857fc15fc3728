import Foundation
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbTensor

/// The folder of a training: its settings and checkpoints while it goes on, the model when it is done.
struct TrainingFolder {
    let url: URL
    var checkpoints: URL { url.appendingPathComponent("checkpoints") }
    private var settingsFile: URL { url.appendingPathComponent("training.json") }
    private var modelFile: URL { url.appendingPathComponent("model.safetensors") }

    init(_ url: URL) { self.url = url }

    /// Makes the folder, unless it holds something already.
    func begin(_ settings: TrainingSettings) throws -> TrainingSettings {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue {
            throw FileError("\(url.path) is a file: name another folder with --out")
        }
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
            throw FileError("cannot make the folder \(url.path): \(error.localizedDescription)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(settings).writeWhole(to: settingsFile)
        return settings
    }

    /// The settings of a training that was stopped.
    func settings() throws -> TrainingSettings {
        guard let data = try? Data(contentsOf: settingsFile) else {
            throw FileError("\(url.path) holds no training: begin one without --resume")
        }
        guard !FileManager.default.fileExists(atPath: modelFile.path) else {
            throw FileError("the training in \(url.path) is done: train on with --model \(url.path) and another --out")
        }
        guard let settings = try? JSONDecoder().decode(TrainingSettings.self, from: data) else {
            throw FileError("\(settingsFile.path) is not the settings of a training: remove \(url.path) and begin anew")
        }
        let counts = [
            ("steps", settings.steps), ("batch", settings.batch), ("context", settings.context ?? 1),
            ("lora", settings.lora ?? 1),
        ]
        for (name, value) in counts where value < 1 {
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
    func finish(_ result: LanguageModelTraining.Result) throws {
        try result.model.save(to: url)
        try? FileManager.default.removeItem(at: checkpoints)
    }

    /// Removes what a training left that had not begun.
    func abandon() {
        try? FileManager.default.removeItem(at: checkpoints)
        try? FileManager.default.removeItem(at: settingsFile)
        let contents = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        if contents?.isEmpty ?? false { try? FileManager.default.removeItem(at: url) }
    }

    /// Says how to go on.
    func advise() {
        let command = "plumb train --out \(ShellWord.quoted(url.path)) --resume"
        Output.complain("it goes on from its last checkpoint with: \(command)\n")
    }
}
