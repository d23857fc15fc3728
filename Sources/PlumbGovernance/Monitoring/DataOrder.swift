internal import Foundation
internal import PlumbData

/// Which rows of the data each step of a training run uses, bound by a hash chain before training begins.
///
/// Link i is SHA-256 of link i - 1 and the rows of step i; the first link binds the data and the seed of the first weights.
/// A prover who hands in the last link cannot choose another order afterwards (Choi, Shavit, Duvenaud 2023, *Tools for
/// Verifying Neural Models' Training Data*, arXiv:2307.00682).
public struct DataOrder: Sendable, Equatable {
    /// The rows of each step.
    public var batches: [[Int]]
    /// The seed from which the first weights were drawn.
    public var seed: UInt64
    /// SHA-256 of the data.
    public var data: String

    /// An order over the data with this hash.
    public init(batches: [[Int]], seed: UInt64, data: String) {
        (self.batches, self.seed, self.data) = (batches, seed, data)
    }

    /// The last link of the chain, as lower-case hexadecimal.
    public var commitment: String {
        batches.reduce(FileHash.sha256(of: Data("\(data) \(seed)".utf8))) { link, rows in
            FileHash.sha256(of: Data("\(link) \(rows.map(String.init).joined(separator: ","))".utf8))
        }
    }
}
