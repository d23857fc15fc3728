import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// The one real model of the tests, where it has been fetched.
enum SmolLM2 {
    static let file = CacheFolder.url().appendingPathComponent("models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")
    static let isThere = FileManager.default.fileExists(atPath: file.path)
    static let reason: Comment =
        "needs SmolLM2-135M-Instruct in the cache folder: `plumb model get smollm2-135m` or `make test` fetches it"

    private static let loaded = Result { try HookedTransformer.load(gguf: file) }

    /// The model, loaded once: weights are packed at their first use.
    static func load() throws -> HookedTransformer { try loaded.get() }
}
