internal import Foundation
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor
internal import PlumbBasics

/// The state of a training run on disk: tensors in a safetensors file, and a JSON file that names it and holds the rest.
///
/// The JSON is replaced last and in one step, so a reader finds the old state whole or the new one whole, whatever
/// happened while it was written.
struct FitCheckpoint {
    private let folder: URL
    private let label: String

    private struct Index: Codable {
        static let currentFormat = 1
        var format = Index.currentFormat
        var label: String
        var file: String
        var sha256: String
        var step: Int
        /// The optimizer's id.
        var optimizer: String
        var optimizerSteps: Int
        var stoppedEarly: Bool
        var evaluations: [FitEvaluation]
        /// What else the run's owner needs to go on, in its own words.
        var notes: String?
    }

    /// What a run has beside model, optimizer and history: tensors by name, and words.
    struct Extras {
        var tensors: [(name: String, tensor: Tensor)] = []
        var notes: String?
    }

    init(folder: URL, label: String) {
        self.label = label
        self.folder = folder.appendingPathComponent(Self.folderName(label))
    }

    /// A label as the name of a file or folder: what is not plain is written as its bytes, so no two labels share a name.
    static func folderName(_ label: String) -> String {
        let name = label.utf8.map { byte -> String in
            let character = Character(Unicode.Scalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain ? String(character) : "_" + String(byte, radix: 16)
        }
        return name.joined()
    }

    private var indexFile: URL { folder.appendingPathComponent("checkpoint.json") }

    // MARK: Writing

    func write<Model: ParameterTree, Rule: Optimizer>(
        _ result: FitResult<Model, Rule>, extras: Extras = Extras()
    ) throws {
        var writer = SafetensorsWriter(metadata: ["label": label, "step": "\(result.steps)"])
        for (name, tensor) in Self.named(result.model, "model") { writer.add(name, tensor) }
        if let averaged = result.averaged {
            for (name, tensor) in Self.named(averaged, "average") { writer.add(name, tensor) }
        }
        let state = result.optimizer.state
        for (name, tensor) in state.tensors { writer.add("optimizer.\(name)", tensor) }
        for (name, tensor) in extras.tensors { writer.add("extra.\(name)", tensor) }
        writer.add("history.loss", Tensor(result.losses))
        let file = "step-\(result.steps).safetensors"
        let url = folder.appendingPathComponent(file)
        try writer.write(to: url)
        let index = Index(
            label: label, file: file, sha256: try FileHash.sha256(of: url), step: result.steps,
            optimizer: Rule.id, optimizerSteps: state.steps, stoppedEarly: result.stoppedEarly,
            evaluations: result.evaluations, notes: extras.notes)
        try JSONEncoder.nonFinite(.prettyPrinted).encode(index).writeWhole(to: indexFile)
        removeOthers(than: file)
    }

    private static func named<Model: ParameterTree>(_ model: Model, _ prefix: String) -> [(String, Tensor)] {
        var result: [(String, Tensor)] = []
        var copy = model
        for (kind, part) in [(ParameterVisitor.Kind.parameters, ""), (.state, ".state")] {
            copy.forEach(kind) { path, tensor in
                result.append((([prefix + part] + path.components).joined(separator: "."), tensor))
            }
        }
        return result
    }

    private func removeOthers(than file: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        // A killed process leaves its attempt under a name that begins with a full stop.
        for name in names where name != file && (name.hasPrefix("step-") || name.hasPrefix(".step-")) {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    // MARK: Reading

    /// Puts the saved state into `result`, where there is one, and returns what was saved beside it.
    @discardableResult
    func restore<Model: ParameterTree, Rule: Optimizer>(_ result: inout FitResult<Model, Rule>) throws -> Extras? {
        guard FileManager.default.fileExists(atPath: indexFile.path) else { return nil }
        guard let data = try? WholeFile.read(indexFile, limit: 1 << 30) else {
            throw damaged("\(indexFile.path) cannot be read")
        }
        let index = try decoded(data)
        let url = folder.appendingPathComponent(index.file)
        // Before its header is read: what a damaged one says would send the reader elsewhere.
        guard let hash = try? FileHash.sha256(of: url) else {
            throw damaged("\(url.path), which \(indexFile.lastPathComponent) names, cannot be read")
        }
        guard hash == index.sha256 else {
            throw damaged("\(url.path) is not the file that \(indexFile.lastPathComponent) describes")
        }
        let file = try SafetensorsFile(contentsOf: url)
        try fill(&result.model, "model", file)
        if var averaged = result.averaged {
            try fill(&averaged, "average", file)
            result.averaged = averaged
        }
        try restore(&result.optimizer, of: result.model, index, file)
        result.losses = try file.tensor("history.loss").dequantized().elements
        result.evaluations = index.evaluations
        (result.steps, result.stoppedEarly) = (index.step, index.stoppedEarly)
        guard result.losses.count == index.step else {
            throw damaged("it holds \(result.losses.count) losses of \(index.step) steps")
        }
        let extras = try file.names.filter { $0.hasPrefix("extra.") }.map {
            (name: String($0.dropFirst("extra.".count)), tensor: try file.tensor($0).dequantized())
        }
        return Extras(tensors: extras, notes: index.notes)
    }

    /// Puts the saved memory into `optimizer`, a tensor or more for each parameter of `model`.
    private func restore<Model: ParameterTree, Rule: Optimizer>(
        _ optimizer: inout Rule, of model: Model, _ index: Index, _ file: SafetensorsFile
    ) throws {
        guard index.optimizer == Rule.id else {
            throw FitError(
                "the checkpoint of \(label) in \(folder.path) was trained with \(index.optimizer), not \(Rule.id): "
                    + "remove the folder to train anew.")
        }
        let saved = try file.names.filter { $0.hasPrefix("optimizer.") }.map {
            (name: String($0.dropFirst("optimizer.".count)), tensor: try file.tensor($0).dequantized())
        }
        let shapes = model.parameters.map(\.tensor.shape)
        let fits = saved.enumerated().allSatisfy { !shapes.isEmpty && $1.tensor.shape == shapes[$0 % shapes.count] }
        guard (0..<Int(Int32.max)).contains(index.optimizerSteps), fits, saved.count % max(1, shapes.count) == 0 else {
            throw foreign("its optimizer's memory is not of these parameters")
        }
        optimizer.state = OptimizerState(steps: index.optimizerSteps, tensors: saved)
        // A rule takes what it knows by name and would go on without the rest.
        guard optimizer.state.tensors.map(\.name) == saved.map(\.name) else {
            throw damaged("it holds \(saved.count) tensors of the optimizer, not all of which \(Rule.id) knows")
        }
    }

    private func decoded(_ data: Data) throws -> Index {
        guard let index = try? JSONDecoder.nonFinite.decode(Index.self, from: data) else {
            throw damaged("\(indexFile.path) is not a checkpoint's index")
        }
        guard index.format == Index.currentFormat else {
            throw damaged("it has format \(index.format); this version reads \(Index.currentFormat)")
        }
        guard index.label == label, index.step >= 0, !index.file.contains("/") else {
            throw damaged("it is of \"\(index.label)\", step \(index.step)")
        }
        return index
    }

    func damaged(_ what: String) -> FitError {
        FitError(
            "the checkpoint of \(label) in \(folder.path) cannot be used: \(what). Remove the folder to train anew.")
    }

    /// Replaces every parameter and state of `model` by the saved one of its name.
    private func fill<Model: ParameterTree>(_ model: inout Model, _ prefix: String, _ file: SafetensorsFile) throws {
        var failure: (any Error)?
        var taken: Set<String> = []
        for (kind, part) in [(ParameterVisitor.Kind.parameters, ""), (.state, ".state")] {
            model.forEach(kind) { path, tensor in
                guard failure == nil else { return }
                let name = ([prefix + part] + path.components).joined(separator: ".")
                do {
                    guard file.contains(name) else { throw foreign("it lacks \(path) of shape \(tensor.shape)") }
                    let saved = try file.tensor(name)
                    guard saved.shape == tensor.shape else {
                        throw foreign("\(path) has shape \(saved.shape) there and \(tensor.shape) here")
                    }
                    tensor = saved.dequantized()
                    taken.insert(name)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        let saved = file.names.filter { $0 == prefix || $0.hasPrefix(prefix + ".") }
        if let other = saved.first(where: { !taken.contains($0) }) {
            let path = other.dropFirst(prefix.count + 1)
            throw foreign("it holds \(path) of shape \(try file.tensor(other).shape), which this model lacks")
        }
    }

    func foreign(_ what: String) -> FitError {
        FitError("the checkpoint of \(label) in \(folder.path) is of another model: \(what).")
    }
}
