/// Something that happened during a run: one line of its event log.
public struct RunEvent: Sendable, Equatable {
    /// What happened, with what belongs to it.
    public enum Kind: Sendable, Equatable {
        /// The run began with this command line.
        case started(commandLine: [String])
        /// The run was continued from its last checkpoint by this command line.
        case resumed(commandLine: [String])
        /// The part `label` is done to `fraction`, between 0 and 1.
        case progress(label: String, fraction: Double, detail: RunProgress? = nil)
        /// A number is known before the run ends.
        case metric(Metric)
        /// One more point of a growing curve, for example a loss.
        case point(series: String, x: Double, y: Double)
        /// A sentence for the reader.
        case note(String)
        /// A file was read.
        case input(InputFile)
        /// A file was written.
        case artifact(Artifact)
        /// The run ended with findings.
        case finished
        /// The run ended with this error's sentence.
        case failed(String)
        /// The run was stopped from outside, for example by Ctrl-C.
        case interrupted
    }

    /// When it happened.
    public var time: Timestamp
    /// What happened.
    public var kind: Kind

    /// Something that happens now, unless `time` says otherwise.
    public init(_ kind: Kind, time: Timestamp = .now) {
        self.time = time
        self.kind = kind
    }

    /// Whether it says that a part of the work was done, beyond looking at what was asked and fetching files.
    var isWork: Bool {
        switch kind {
        case .point, .metric, .artifact: true
        case .progress(let label, let fraction, _): fraction > 0 && !label.hasPrefix("fetching ")
        default: false
        }
    }

    /// Whether nothing comes after it.
    public var isLast: Bool {
        switch kind {
        case .finished, .failed, .interrupted: true
        default: false
        }
    }
}

extension RunEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case time, kind, commandLine, label, fraction, detail, metric, series, x, y, note, input, artifact,
            error
    }

    private enum Name: String, Codable {
        case started, resumed, progress, metric, point, note, input, artifact, finished, failed, interrupted
    }

    /// Reads a line of an event log.
    /// - Throws: `DecodingError` when a member is missing or of another kind.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        time = try container.decode(Timestamp.self, forKey: .time)
        func text(_ key: CodingKeys) throws -> String { try container.decode(String.self, forKey: key) }
        switch try container.decode(Name.self, forKey: .kind) {
        case .started:
            kind = .started(commandLine: try container.decode([String].self, forKey: .commandLine))
        case .resumed:
            kind = .resumed(commandLine: try container.decode([String].self, forKey: .commandLine))
        case .progress:
            kind = .progress(
                label: try text(.label), fraction: try container.decode(Double.self, forKey: .fraction),
                detail: try container.decodeIfPresent(RunProgress.self, forKey: .detail))
        case .metric: kind = .metric(try container.decode(Metric.self, forKey: .metric))
        case .point:
            let x = try container.decode(Double.self, forKey: .x)
            kind = .point(
                series: try text(.series), x: x, y: try container.decode(Double.self, forKey: .y))
        case .note: kind = .note(try text(.note))
        case .input: kind = .input(try container.decode(InputFile.self, forKey: .input))
        case .artifact: kind = .artifact(try container.decode(Artifact.self, forKey: .artifact))
        case .finished: kind = .finished
        case .failed: kind = .failed(try text(.error))
        case .interrupted: kind = .interrupted
        }
    }

    /// Writes a line of an event log.
    /// - Throws: `EncodingError` when a member cannot be encoded.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(time, forKey: .time)
        try container.encode(name, forKey: .kind)
        switch kind {
        case .started(let commandLine), .resumed(let commandLine):
            try container.encode(commandLine, forKey: .commandLine)
        case .progress(let label, let fraction, let detail):
            try container.encode(label, forKey: .label)
            try container.encode(fraction, forKey: .fraction)
            try container.encodeIfPresent(detail, forKey: .detail)
        case .metric(let metric): try container.encode(metric, forKey: .metric)
        case .point(let series, let x, let y):
            try container.encode(series, forKey: .series)
            try container.encode(x, forKey: .x)
            try container.encode(y, forKey: .y)
        case .note(let sentence): try container.encode(sentence, forKey: .note)
        case .input(let file): try container.encode(file, forKey: .input)
        case .artifact(let artifact): try container.encode(artifact, forKey: .artifact)
        case .failed(let sentence): try container.encode(sentence, forKey: .error)
        case .finished, .interrupted: break
        }
    }

    private var name: Name {
        switch kind {
        case .started: .started
        case .resumed: .resumed
        case .progress: .progress
        case .metric: .metric
        case .point: .point
        case .note: .note
        case .input: .input
        case .artifact: .artifact
        case .finished: .finished
        case .failed: .failed
        case .interrupted: .interrupted
        }
    }
}
