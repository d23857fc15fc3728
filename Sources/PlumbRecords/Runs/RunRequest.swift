public import Foundation
internal import PlumbBasics

/// What a run was asked to do: enough to ask it again. It is the content of a run folder's `settings.json`.
public struct RunRequest: Codable, Sendable, Equatable {
    /// The experiment's id.
    public var experiment: String
    /// Every random number of the run derives from it.
    public var seed: UInt64
    /// The experiment's settings, all of them.
    public var settings: JSONValue

    /// A request for one run.
    public init(experiment: String, seed: UInt64, settings: JSONValue) {
        self.experiment = experiment
        self.seed = seed
        self.settings = settings
    }

    /// Reads the request of the run folder `url`.
    /// - Throws: `RunStoreError` when the folder has none, or one that an older version wrote without its seed.
    public init(folder url: URL) throws {
        let file = url.appendingPathComponent(RunStore.settingsName)
        do {
            self = try JSONDecoder().decode(RunRequest.self, from: WholeFile.read(file, limit: 64 << 20))
        } catch let error as DecodingError {
            throw RunStoreError(
                "\(file.path) does not say what the run was asked to do (\(sentence(of: error))): start the run anew")
        } catch {
            throw RunStoreError("cannot read \(file.path): \(sentence(of: error))")
        }
    }
}
