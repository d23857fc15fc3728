public import Foundation
internal import PlumbData
public import PlumbRecords

extension RunContext {
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
    /// - Throws: `RunStoreError` where the store cannot be read; `FileError` where the record cannot.
    public mutating func newestRecord(
        of experiment: String, in store: RunStore, role: String
    ) throws -> (record: RunRecord, file: URL, sha256: String)? {
        for entry in try store.list() where entry.experiment == experiment {
            guard let found = entry.record else { continue }
            let bytes = try Data(contentsOf: entry.recordFile)
            let hash = FileHash.sha256(of: bytes)
            record(
                input: InputFile(path: entry.recordFile.path, sha256: hash, bytes: bytes.count, role: role))
            return (found, entry.recordFile, hash)
        }
        return nil
    }
}
