internal import Foundation
internal import PlumbTensor

/// Waiting for asynchronous work from code that is not.
enum Blocking {
    /// Does `work` while the calling thread waits.
    ///
    /// - Throws: what `work` throws.
    static func run<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
        let outcome = Outcome<T>()
        let done = DispatchSemaphore(value: 0)
        // On a queue of its own: the caller may be holding a thread of the shared pool.
        Task(executorPreference: QueueExecutor()) {
            do {
                outcome.result = .success(try await work())
            } catch {
                outcome.result = .failure(error)
            }
            done.signal()
        }
        done.wait()
        guard let result = outcome.result else { throw FileError("the work was interrupted") }
        return try result.get()
    }

    /// Written before the semaphore's signal and read after it.
    private final class Outcome<T: Sendable>: @unchecked Sendable {
        var result: Result<T, any Error>?
    }

    private final class QueueExecutor: TaskExecutor {
        private let queue = DispatchQueue(label: "plumbline.store")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
