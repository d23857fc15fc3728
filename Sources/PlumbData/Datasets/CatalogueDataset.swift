/// A data set known by name.
public struct CatalogueDataset: Sendable, Equatable {
    /// Where a data set's files come from.
    public enum Source: Sendable, Equatable {
        /// A package of Debian and its relatives, which a person installs.
        case debian(package: String)
        /// One member of a wheel on a Python package index.
        case wheel(package: String, file: String, member: String)
    }

    /// The name to ask for it by.
    public let name: String
    /// One line for people.
    public let summary: String
    /// The number of examples.
    public let count: Int
    /// Bytes of its files on disk.
    public let size: Int
    /// The license of the data, by its SPDX identifier where there is one.
    public let license: String
    /// Where its files come from.
    public let source: Source
    /// The name of the file, where it is a single one.
    public let fileName: String?
    /// The file's SHA-256, where it is a single one.
    public let sha256: String?

    /// Where it comes from, for people.
    public var sourceText: String {
        switch source {
        case .debian(let package): "Debian \(package)"
        case .wheel(let package, _, _): "PyPI \(package)"
        }
    }

    /// Every data set known by name.
    public static let all = [
        CatalogueDataset(
            name: "digits", summary: "handwritten digits, 8 × 8", count: 1_797,
            size: 57_523, license: "BSD-3-Clause, with scikit-learn",
            // An old, small wheel; the file is checked by its own SHA-256.
            source: .wheel(
                package: "scikit-learn", file: "scikit_learn-0.15.2-cp34-none-win32.whl",
                member: "sklearn/datasets/data/digits.csv.gz"),
            fileName: "digits.csv.gz", sha256: "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"),
        CatalogueDataset(
            name: "fashion-mnist", summary: "pictures of clothes, 28 × 28",
            count: 70_000, size: 30_878_551, license: "MIT",
            source: .debian(package: "dataset-fashion-mnist"),
            fileName: nil, sha256: nil),
    ]
}
