internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbRecords
public import PlumbTensor
internal import Synchronization

/// The same question asked of several seeds, side by side on the cores.
///
/// ```swift
/// let outcomes = try await Trials(context, count: settings.seeds).run("training") { trial in
///     try study.train(key: trial.key, in: trial.session)
/// }
/// let seeds = Trials(context, count: settings.seeds).seeds     // for claims and metrics
/// ```
///
/// The seeds of trials are hashed from the seed of the run, so that runs of neighboring seeds share none. What a trial
/// gives depends on its seed alone, not on how many run at once. What a finished trial gave is kept with the run's checkpoints: a run that was stopped goes on with
/// the trials that are left, and inside a trial `Fit` goes on from its own checkpoint.
public struct Trials: Sendable {
    /// One seed's run.
    public struct Trial: Sendable {
        /// Counted from 0.
        public let index: Int
        /// Hashed from the seed of the run and ``index``.
        public let seed: UInt64
        /// The source of all its chance.
        public let key: RandomKey
        /// Where it reports to and keeps checkpoints; its progress is a part of the whole.
        public let session: FitSession

        /// Gives a stopped run the chance to end.
        /// - Throws: `RunInterrupted` when the run was asked to stop.
        public func checkpoint() throws { try session.reporter.checkpoint() }
    }

    /// The seeds, one a trial.
    public let seeds: [UInt64]
    /// How many trials run at once.
    public var width = Compute.threads
    private let reporter: RunReporter
    private let folder: URL?
    private let models: URL?

    /// Trials of a run, whose seeds follow from its own.
    ///
    /// - Precondition: `count` is 1 or more.
    public init(_ context: RunContext, count: Int) {
        self.init(seed: context.seed, count: count, session: FitSession(context))
    }

    /// Trials outside an experiment.
    public init(seed: UInt64, count: Int, session: FitSession = .silent) {
        require(count > 0, "there must be at least one trial, got \(count)")
        let key = RandomKey(seed)["trials"]
        // Short enough to be read and typed; runs of neighboring seeds share none.
        seeds = (0..<count).map { index in
            var generator = key[index].generator()
            return generator.next() >> 32
        }
        (reporter, folder, models) = (session.reporter, session.checkpoints, session.models)
    }

    /// What `body` gives for each seed, in their order.
    ///
    /// - Parameters:
    ///   - label: names the progress and the finished trials on disk; calls of one run need different labels.
    ///   - body: the trial, a function of its key alone. What it returns is what is kept: numbers rather than models.
    /// - Throws: what `body` throws; `RunInterrupted` when the run is asked to stop; ``FitError`` where a finished trial on
    ///   disk cannot be read.
    public func run<Outcome: Codable & Sendable>(
        _ label: String, _ body: @escaping @Sendable (Trial) throws -> Outcome
    ) async throws -> [Outcome] {
        let progress = TrialProgress(label: label, count: seeds.count, reporter: reporter)
        var outcomes = [Outcome?](repeating: nil, count: seeds.count)
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            for (index, seed) in seeds.enumerated() {
                let file = folder?.appendingPathComponent(Self.name(label, index) + ".json")
                if index >= max(1, width), let (done, outcome) = try await group.next() { outcomes[done] = outcome }
                group.addTask {
                    if let file, let kept: Outcome = try Self.read(file) {
                        progress.set(index, 1)
                        return (index, kept)
                    }
                    let reporter = reporter.heard(by: progress.observer(of: index))
                    let session = FitSession(
                        reporter: reporter, checkpoints: folder?.appendingPathComponent(Self.name(label, index)),
                        models: seeds.count > 1 ? models?.appendingPathComponent("trial-\(index)") : models)
                    try reporter.checkpoint()
                    let outcome = try body(Trial(index: index, seed: seed, key: RandomKey(seed), session: session))
                    if let file { try Self.write(outcome, to: file, session: session) }
                    progress.set(index, 1)
                    return (index, outcome)
                }
            }
            while let (done, outcome) = try await group.next() { outcomes[done] = outcome }
        }
        return outcomes.compactMap { $0 }
    }

    private static func name(_ label: String, _ index: Int) -> String {
        FitCheckpoint.folderName(label) + "-\(index)"
    }

    private static func read<Outcome: Decodable>(_ file: URL) throws -> Outcome? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        guard let data = try? WholeFile.read(file, limit: 1 << 30),
            let outcome = try? JSONDecoder.nonFinite.decode(Outcome.self, from: data)
        else {
            throw FitError("the finished trial in \(file.path) cannot be read: remove the file to run the trial again.")
        }
        return outcome
    }

    private static func write(_ outcome: some Encodable, to file: URL, session: FitSession) throws {
        try JSONEncoder.nonFinite().encode(outcome).writeWhole(to: file)
        // The way there is not needed any more.
        if let checkpoints = session.checkpoints { try? FileManager.default.removeItem(at: checkpoints) }
    }
}

/// The trials' progress as one: the mean of theirs.
private final class TrialProgress: Sendable {
    private let label: String
    private let reporter: RunReporter
    private let parts: Mutex<[Double]>

    init(label: String, count: Int, reporter: RunReporter) {
        (self.label, self.reporter) = (label, reporter)
        parts = Mutex([Double](repeating: 0, count: count))
    }

    func set(_ index: Int, _ fraction: Double) {
        let (mean, done, count) = parts.withLock { parts in
            parts[index] = max(parts[index], fraction)
            return (parts.reduce(0, +) / Double(parts.count), parts.count { $0 >= 1 }, parts.count)
        }
        reporter.progress(count > 1 ? "\(label), \(done) of \(count) seeds done" : label, mean)
    }

    func observer(of index: Int) -> Observer? { reporter.isObserved ? Observer(progress: self, index: index) : nil }

    /// Hears one trial: its progress becomes a part of the whole, and the curves are those of the first seed.
    struct Observer: RunObserver {
        let progress: TrialProgress
        let index: Int

        func receive(_ event: RunEvent) {
            switch event.kind {
            case .progress(_, let fraction, _):
                // A trial has several parts; only its end counts as done.
                progress.set(index, min(0.99, fraction))
            case .point: if index == 0 { progress.reporter.emit(event.kind) }
            default: progress.reporter.emit(event.kind)
            }
        }
    }
}
