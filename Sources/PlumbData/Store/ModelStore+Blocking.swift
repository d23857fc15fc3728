internal import Foundation
internal import PlumbTensor

extension ModelStore {
    /// Finds `name`'s files like ``locate(_:progress:)``, holding the calling thread while files are fetched.
    ///
    /// - Throws: ``FileError`` saying what was found and what to do.
    public func locateBlocking(_ name: String, progress: DownloadProgressHandler? = nil) throws -> ModelLocation {
        if let location = try locateAtHand(name) { return location }
        let outcome = Outcome()
        let done = DispatchSemaphore(value: 0)
        // On a queue of its own: the caller may be holding a thread of the shared pool.
        Task(executorPreference: QueueExecutor()) {
            do {
                outcome.result = .success(try await locate(name, progress: progress))
            } catch {
                outcome.result = .failure(error)
            }
            done.signal()
        }
        done.wait()
        guard let result = outcome.result else { throw FileError("looking for \(name) was interrupted") }
        return try result.get()
    }

    /// Written before the semaphore's signal and read after it.
    private final class Outcome: @unchecked Sendable {
        var result: Result<ModelLocation, any Error>?
    }

    private final class QueueExecutor: TaskExecutor {
        private let queue = DispatchQueue(label: "plumbline.store")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
