internal import Foundation
internal import PlumbData
internal import PlumbRecords
internal import PlumbTensor

/// scikit-learn's digits for experiments.
enum DigitPictures {
    /// Finds or fetches all 1,797 pictures, and notes their file in the record.
    ///
    /// - Throws: `FileError` saying what is missing and what to do.
    static func load(in context: inout RunContext) async throws -> LabeledImages {
        let reporter = context.reporter
        let location = try await DatasetStore().locate("digits") { progress in
            reporter.progress("fetching digits", progress.fraction ?? 0)
        }
        context.record(
            input: InputFile(
                path: location.url.path, sha256: try FileHash.sha256(of: location.url),
                bytes: try MappedBytes(contentsOf: location.url).count, role: "data"))
        return try Digits.load(location.url)
    }
}
