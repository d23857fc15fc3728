internal import Foundation
internal import PlumbTensor

/// Models on the Hugging Face hub.
extension ModelStore {
    /// What a model's folder needs besides its weights.
    static let companions = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "vocab.json", "merges.txt",
    ]

    /// A model from the hub, or, where the hub cannot be reached, from its cache as it was at the last visit.
    func fetch(_ name: HubName, progress: DownloadProgressHandler?) async throws -> ModelLocation {
        let hub = HubClient(environment: environment, downloader: downloader)
        do {
            if let file = name.file {
                guard file.lowercased().hasSuffix(".gguf") else {
                    throw FileError(
                        "\(name.repository)/\(file) is not a .gguf file; name the repository alone for safetensors")
                }
                let folder = file.split(separator: "/").dropLast().map { $0 + "/" }.joined()
                let parts = GGUFPartName(String(file.dropFirst(folder.count)))?.all.map { folder + $0 } ?? [file]
                var urls: [URL] = []
                for part in parts {
                    urls.append(
                        try await hub.file(part, in: name.repository, revision: name.revision, progress: progress))
                }
                return .gguf(urls[parts.firstIndex(of: file) ?? 0])
            }
            guard !hub.isOffline else {
                return try ModelStore.model(in: try hub.offlineSnapshot(of: name.repository, revision: name.revision))
            }
            return try await fetch(name, from: hub, progress: progress)
        } catch let error as HubUnreachable {
            guard let folder = hub.cachedSnapshot(of: name.repository, revision: name.revision) else {
                throw FileError(error.description)
            }
            return try ModelStore.model(in: folder)
        }
    }

    private func fetch(
        _ name: HubName, from hub: HubClient, progress: DownloadProgressHandler?
    ) async throws -> ModelLocation {
        let listing = try await hub.listing(of: name.repository, revision: name.revision)
        let weights = try ModelStore.weights(among: listing.files, of: name.repository)
        let isOneFile = weights.allSatisfy { $0.lowercased().hasSuffix(".gguf") }
        let folder = try await hub.snapshot(
            of: name.repository, listing: listing, revision: name.revision,
            matching: isOneFile ? weights : weights + ModelStore.companions, progress: progress)
        guard isOneFile, let file = weights.first else { return try ModelStore.model(in: folder) }
        return .gguf(folder.appendingPathComponent(file))
    }

    /// The files that hold a repository's weights: safetensors, or a single GGUF file.
    static func weights(among files: [String], of repository: String) throws -> [String] {
        let index = SafetensorsCheckpoint.indexName
        if files.contains(index) { return [index, "model-*-of-*.safetensors"] }
        if files.contains("model.safetensors") { return ["model.safetensors"] }
        let others = files.filter { !$0.contains("/") && $0.hasSuffix(".safetensors") }
        if others.count == 1 { return others }
        let models = files.filter { $0.lowercased().hasSuffix(".gguf") }
        if models.count == 1 || GGUFPartName.first(ofParts: models) != nil { return models.sorted() }
        guard models.isEmpty else {
            let choice = models.prefix(8).map { "\(repository)/\($0)" }.joined(separator: ", ")
            throw FileError("\(repository) holds several models: choose one of \(choice)")
        }
        let formats = files.contains { $0.hasSuffix(".bin") } ? "PyTorch pickles only" : "no weights"
        throw FileError("\(repository) holds \(formats); readable are safetensors and GGUF")
    }
}
