public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor
public import PlumbRecords

extension RunContext {
    /// Refuses a folder of runs that an option names and that is not there, before a run is made.
    ///
    /// - Throws: `FileError` naming it.
    public static func checkStore(named name: String) throws {
        guard !["none", "standard"].contains(name) else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue else {
            throw FileError(
                "there is no folder of runs \(visible(name, limit: 200)): give one, or standard, or none")
        }
    }

    /// The folder of runs that an option names: a path; `none` for no folder at all; `standard` for the one that this run
    /// is kept in, or `runs` where it is kept in none.
    public func store(named name: String) -> RunStore? {
        switch name {
        case "none": nil
        case "standard":
            // A run keeps its files in STORE/RUN/artifacts.
            (artifactFolder?.deletingLastPathComponent().deletingLastPathComponent()).map(RunStore.init) ?? .standard
        default: RunStore(directory: URL(fileURLWithPath: name))
        }
    }

    /// The newest record of an experiment in a store, noted among what this run was made from; `nil` where it has none.
    ///
    /// - Parameters:
    ///   - experiment: its id.
    ///   - store: where to look.
    ///   - role: what the record is to this run, for example `evidence`.
    /// - Returns: the record, its file and the file's SHA-256.
    /// - Throws: `WholeFile.Failure` where the record cannot be read whole.
    public mutating func newestRecord(
        of experiment: String, in store: RunStore, role: String
    ) throws -> (record: RunRecord, file: URL, sha256: String)? {
        for folder in store.folders(of: experiment) where folder.hasRecord {
            let entry = RunEntry(reading: store.directory.appendingPathComponent(folder.id, isDirectory: true))
            guard let found = entry.record else { continue }
            let bytes = try WholeFile.read(entry.recordFile, limit: 1 << 30)
            let hash = FileHash.sha256(of: bytes)
            record(
                input: InputFile(path: entry.recordFile.path, sha256: hash, bytes: bytes.count, role: role))
            return (found, entry.recordFile, hash)
        }
        return nil
    }
}
