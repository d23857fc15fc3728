internal import Foundation
internal import PlumbBasics

/// An attempt of a model at a task.
public struct HorizonRun: Sendable, Equatable {
    /// The family of the task: tasks of one family are alike.
    public var family: String
    /// The task.
    public var task: String
    /// How long the task takes a person who is good at it, in minutes.
    public var minutes: Double
    /// 1 for a success, 0 for a failure, or a part.
    public var score: Double

    /// An attempt.
    public init(family: String, task: String, minutes: Double, score: Double) {
        (self.family, self.task, self.minutes, self.score) = (family, task, minutes, score)
    }
}

/// How long the tasks are that a model completes with a given probability (Kwa et al. 2025, *Measuring AI Ability to
/// Complete Long Tasks*, arXiv:2503.14499).
///
/// The probability of success is a logistic function of the logarithm of a person's time:
/// `P(success) = σ(a · log₂ minutes + b)`. Minimized is `a² / 2 + C · Σ w · loss`, with C = 10 and the weights of a run
/// `(1 / runs of its task) / √(tasks of its family)`, divided by their sum. Since the weights sum to 1, the penalty
/// shrinks the slope; it is kept, as published horizons have it.
public struct TimeHorizon: Sendable, Equatable {
    /// a, per doubling of the time.
    public let slope: Double
    /// b.
    public let intercept: Double

    /// The inverse of the strength of the penalty.
    static let inversePenalty = 10.0

    /// Fits the curve to runs.
    ///
    /// - Throws: ``EvaluationError`` for a run without a time above 0 or with a score outside 0...1, or for fewer than
    ///   two different times.
    public init(_ runs: [HorizonRun]) throws {
        for run in runs {
            guard run.minutes > 0, run.minutes.isFinite else {
                throw EvaluationError(
                    "the task \(visible(run.task, limit: 60)) takes \(run.minutes) minutes; a time is above 0")
            }
            guard run.score >= 0, run.score <= 1 else {
                throw EvaluationError(
                    "a run of \(visible(run.task, limit: 60)) scores \(run.score); scores lie in 0...1")
            }
        }
        guard Set(runs.map(\.minutes)).count > 1 else {
            throw EvaluationError("a time horizon needs tasks of at least two different lengths")
        }
        self.init(HorizonTask.tasks(of: runs))
    }

    /// Fits the curve to weighted tasks by Newton's method with halved steps; the objective is convex.
    init(_ tasks: [HorizonTask]) {
        let total = tasks.reduce(0) { $0 + $1.success + $1.failure }
        let points = tasks.map { (x: log2($0.minutes), success: $0.success / total, failure: $0.failure / total) }
        func objective(_ a: Double, _ b: Double) -> Double {
            points.reduce(a * a / 2) { sum, point in
                let z = a * point.x + b
                // log(1 + exp(-z)) and log(1 + exp(z)), without overflow.
                let tail = log1p(exp(-abs(z)))
                let loss = point.success * (max(-z, 0) + tail) + point.failure * (max(z, 0) + tail)
                return sum + Self.inversePenalty * loss
            }
        }
        var (a, b) = (0.0, 0.0)
        var value = objective(a, b)
        for _ in 0..<200 {
            var (ga, gb, haa, hab, hbb) = (a, 0.0, 1.0, 0.0, 0.0)
            for point in points {
                let p = 1 / (1 + exp(-(a * point.x + b)))
                let weight = Self.inversePenalty * (point.success + point.failure)
                let error = weight * p - Self.inversePenalty * point.success
                let curvature = weight * p * (1 - p)
                ga += error * point.x
                gb += error
                haa += curvature * point.x * point.x
                hab += curvature * point.x
                hbb += curvature
            }
            let determinant = haa * hbb - hab * hab
            guard determinant > 1e-300 else { break }
            let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant)
            var step = 1.0
            while step > 1e-10, !(objective(a - step * da, b - step * db) <= value) { step /= 2 }
            (a, b) = (a - step * da, b - step * db)
            let next = objective(a, b)
            let isDone = abs(step * da) + abs(step * db) < 1e-13 * (1 + abs(a) + abs(b))
            value = next
            if isDone || step <= 1e-10 { break }
        }
        (slope, intercept) = (a, b)
    }

    /// The length in minutes at which the probability of success is `probability`; nil where longer tasks are not
    /// harder.
    public func minutes(at probability: Double) -> Double? {
        require(probability > 0 && probability < 1, "a probability lies in (0, 1), got \(probability)")
        guard slope < 0 else { return nil }
        return exp2((log(probability / (1 - probability)) - intercept) / slope)
    }
}

/// The runs of a task, with their weights.
struct HorizonTask {
    let minutes: Double
    /// The weight of successes; a partial score is split.
    let success: Double
    let failure: Double

    /// The tasks of runs in the order of their first runs.
    static func tasks(of runs: [HorizonRun]) -> [HorizonTask] {
        HorizonFamily.families(of: runs).flatMap { family in
            family.tasks.map { HorizonTask(minutes: $0.minutes, scores: $0.scores, tasksInFamily: family.tasks.count) }
        }
    }

    /// The runs of a task of a family.
    init(minutes: Double, scores: [Double], tasksInFamily: Int) {
        let weight = 1 / Double(scores.count) / Double(tasksInFamily).squareRoot()
        let sum = scores.reduce(0, +)
        self.minutes = minutes
        success = weight * sum
        failure = weight * (Double(scores.count) - sum)
    }
}

/// Runs by family and task.
struct HorizonFamily {
    var tasks: [(name: String, minutes: Double, scores: [Double])] = []

    static func families(of runs: [HorizonRun]) -> [HorizonFamily] {
        var places: [String: Int] = [:]
        var taskPlaces: [[String]: Int] = [:]
        var families: [HorizonFamily] = []
        for run in runs {
            let place = places[run.family] ?? families.count
            if place == families.count {
                places[run.family] = place
                families.append(HorizonFamily())
            }
            let key = [run.family, run.task]
            if let task = taskPlaces[key] {
                families[place].tasks[task].scores.append(run.score)
            } else {
                taskPlaces[key] = families[place].tasks.count
                families[place].tasks.append((run.task, run.minutes, [run.score]))
            }
        }
        return families
    }
}
