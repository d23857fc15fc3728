import Foundation
import PlumbData
import Testing

/// The one real model of the tests, where it has been fetched.
enum SmolLM2File {
    static let url = CacheFolder.url().appendingPathComponent("models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")
    static let isThere = FileManager.default.fileExists(atPath: url.path)
    static let reason: Comment =
        "needs SmolLM2-135M-Instruct in the cache folder: `plumb model get smollm2-135m` or `make test` fetches it"
}
