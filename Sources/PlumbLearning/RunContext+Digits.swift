internal import Foundation
internal import PlumbTensor
public import PlumbData
public import PlumbRecords

extension RunContext {
    /// Finds or fetches scikit-learn's 1,797 pictures of digits, and notes their file in the record.
    ///
    /// - Throws: `FileError` saying what is missing and what to do.
    public mutating func digits() async throws -> LabeledImages {
        let reporter = reporter
        let location = try await DatasetStore().locate("digits") { progress in
            reporter.progress("fetching digits", progress.fraction ?? 0)
        }
        record(
            input: InputFile(
                path: location.url.path, sha256: try FileHash.sha256(of: location.url),
                bytes: try MappedBytes(contentsOf: location.url).count, role: "data"))
        return try Digits.load(location.url)
    }
}
