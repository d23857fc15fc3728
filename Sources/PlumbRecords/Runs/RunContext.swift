public import Foundation

/// What an experiment is given to run in: a seed, a way to report, a place for files.
///
/// ```swift
/// func run(in context: inout RunContext) async throws -> Findings {
///     context.record(input: weights)
///     for layer in 0..<layers {
///         try context.checkpoint()
///         …
///         context.progress("sweep", layer + 1, of: layers)
///     }
/// ```
///
/// A closure that outlives the call, or runs on other threads, takes `context.reporter` with it instead.
public struct RunContext: Sendable {
    /// Every random number of the run derives from it.
    public let seed: UInt64
    /// Reports and asks whether to stop, from any thread.
    public let reporter: RunReporter
    /// Where files go; `nil` when the run leaves none (in tests and in `verify`).
    public let artifactFolder: URL?
    /// Where trained models go; `nil` when the run keeps none.
    public let modelFolder: URL?
    /// Where states to continue from go, kept when the run is stopped; `nil` when the run leaves no files. A run that
    /// finds files of its own here was stopped before and should go on from the newest.
    public let checkpointFolder: URL?
    /// The files the run was made from, in the order of their recording.
    public private(set) var inputs: [InputFile] = []
    /// The files the run wrote.
    public private(set) var artifacts: [Artifact] = []
    /// What the arithmetic was, for the record.
    public var arithmetic = "float32"

    /// - Parameters:
    ///   - seed: what every random number of the run derives from.
    ///   - observer: hears of everything that happens; `nil` for silence.
    ///   - interruption: the request to stop, raised by whoever started the run.
    ///   - artifactFolder: where the experiment's files go.
    ///   - modelFolder: where trained models go.
    ///   - checkpointFolder: where states to continue from go; it exists.
    public init(
        seed: UInt64, observer: (any RunObserver)? = nil, interruption: RunInterruption? = nil,
        artifactFolder: URL? = nil, modelFolder: URL? = nil, checkpointFolder: URL? = nil
    ) {
        self.seed = seed
        reporter = RunReporter(observer: observer, interruption: interruption)
        self.artifactFolder = artifactFolder
        self.modelFolder = modelFolder
        self.checkpointFolder = checkpointFolder
    }

    /// Says how far the part `label` has come, from 0 to 1.
    public func progress(_ label: @autoclosure () -> String, _ fraction: @autoclosure () -> Double) {
        reporter.progress(label(), fraction())
    }

    /// Says that `done` of `total` parts are done.
    public func progress(_ label: @autoclosure () -> String, _ done: Int, of total: Int) {
        reporter.progress(label(), done, of: total)
    }

    /// Says that `done` of `total` steps are done, and what is worth watching: `step 380/1000  loss 2.31`.
    public func progress(
        _ label: @autoclosure () -> String, _ done: Int, of total: Int, unit: @autoclosure () -> String = "step",
        values: @autoclosure () -> [(String, Double)]
    ) {
        reporter.progress(label(), done, of: total, unit: unit(), values: values())
    }

    /// A number known before the run ends.
    public func metric(_ metric: @autoclosure () -> Metric) { reporter.metric(metric()) }

    /// One more point of a growing curve; the report draws `loss/train` and `loss/validation` as lines of one chart.
    public func point(_ series: @autoclosure () -> String, x: Double, y: @autoclosure () -> Double) {
        reporter.point(series(), x: x, y: y())
    }

    /// A sentence for whoever watches.
    public func note(_ sentence: @autoclosure () -> String) { reporter.note(sentence()) }

    /// Gives a stopped run the chance to end: call it between parts of a computation.
    /// - Throws: `RunInterrupted` when the run was asked to stop or its task was canceled.
    public func checkpoint() throws { try reporter.checkpoint() }

    /// Notes a file the run is made from; the same file twice is noted once.
    public mutating func record(input file: InputFile) {
        guard !inputs.contains(file) else { return }
        inputs.append(file)
        reporter.emit(.input(file))
    }

    /// Writes a file beside the record, atomically; without an artifact folder nothing is written.
    /// - Parameters:
    ///   - contents: the bytes of the file.
    ///   - name: a file name without folders.
    ///   - kind: what it is, for example "report" or "table".
    /// - Throws: `RunStoreError` when the disk is full or the folder cannot be written.
    public mutating func write(_ contents: Data, artifact name: String, kind: String) throws {
        guard let artifactFolder else { return }
        let artifact = try Artifact.write(name, kind: kind, contents: contents, in: artifactFolder)
        artifacts.removeAll { $0.path == artifact.path }
        artifacts.append(artifact)
        reporter.emit(.artifact(artifact))
    }
}
