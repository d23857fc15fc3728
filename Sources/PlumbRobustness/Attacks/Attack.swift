internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A search for changes of a classifier's inputs that change its answers, as a value.
///
/// ```swift
/// let attack = AutoPGD(PerturbationSet(.linf, radius: 0.1), .crossEntropy)
/// let result = try attack.run(network, images: test.images, labels: test.labels, key: RandomKey(0)["attack"])
/// let accuracy = result.accuracy
/// ```
///
/// What an attack does to a sample depends on the key, the sample and its label alone: not on its batch, which samples
/// leave as soon as they are broken.
public protocol Attack: Sendable {
    /// For tables: "APGD-CE".
    var name: String { get }
    /// The changes that may be made; an infinite radius where the attack looks for the smallest change.
    var set: PerturbationSet { get }
    /// The fewest classes that the attack needs.
    var leastClasses: Int { get }
    /// Changed samples of a task none of which is broken as it is. A sample that could not be broken comes back with the
    /// change that came closest.
    ///
    /// - Shapes: result as the task's images.
    func perturb(_ task: AttackTask, _ queries: inout ModelQueries) throws -> Tensor
    /// The queries by which success is judged at the end: the network as it is, unless the attack says otherwise.
    func judge(_ queries: ModelQueries) -> ModelQueries
}

/// Samples to attack.
public struct AttackTask: Sendable {
    /// The samples as they are, `[B, …]`.
    public let images: Tensor
    /// Their right classes.
    public let labels: [Int]
    /// The classes that they shall be taken for; `nil` for any but the right one.
    public let targets: [Int]?
    /// The logits of the samples as they are, `[B, K]`.
    public let logits: Tensor
    /// The source of chance of each sample: of the attack's key and of what is in the sample.
    public let keys: [RandomKey]

    /// The number of samples.
    public var count: Int { labels.count }
    /// The number of classes.
    public var classes: Int { logits.shape[1] }

    /// Some of the samples.
    public subscript(rows: [Int]) -> AttackTask {
        AttackTask(
            images: images.gathered(rows), labels: rows.map { labels[$0] },
            targets: targets.map { t in rows.map { t[$0] } },
            logits: logits.gathered(rows), keys: rows.map { keys[$0] })
    }

    /// Whether logits of the samples are those of broken ones: the greatest is not the right class, or is the target.
    ///
    /// - Shapes: `logits` `[B, K]`.
    public func broken(_ logits: Tensor) -> [Bool] {
        zip(logits.argmaxOfRows(), labels.indices).map { found, row in
            targets.map { found == $0[row] } ?? (found != labels[row])
        }
    }

    /// Each sample's key for the part called `name`.
    func keys(_ name: String, _ index: Int = 0) -> [RandomKey] { keys.map { $0[name][index] } }
}

/// What an attack found.
public struct AttackResult: Sendable {
    /// The changed samples, broken or not, `[B, …]`.
    public var adversarial: Tensor
    /// Whether each is broken and lies in the attack's set, both measured anew at the end.
    public var succeeded: [Bool]
    /// The sizes of the changes, measured in double precision; 0 for samples that were broken as they were.
    public var distances: [Double]
    /// Samples passed forward.
    public var forwards: Int
    /// Samples whose gradient was computed.
    public var gradients: Int

    /// The part of the samples that the attack did not break.
    public var accuracy: Double {
        succeeded.isEmpty ? .nan : Double(succeeded.count { !$0 }) / Double(succeeded.count)
    }
}

extension Attack {
    /// The fewest classes that the attack needs.
    public var leastClasses: Int { 2 }
    /// The queries by which success is judged at the end.
    public func judge(_ queries: ModelQueries) -> ModelQueries { queries }

    /// Attacks a batch.
    ///
    /// - Parameters:
    ///   - model: from samples to logits `[B, K]`.
    ///   - images: `[B, …]`, within the set's bounds.
    ///   - labels: the right classes.
    ///   - targets: the classes that the samples shall be taken for; `nil` for any but the right one.
    ///   - key: of the attack's chance.
    /// - Throws: ``AttackError`` for samples outside the bounds or that are no numbers, for labels or targets that the model
    ///   does not have, for too few classes, and for logits that are no numbers.
    public func run(
        _ model: some HookedModel<Tensor>, images: Tensor, labels: [Int], targets: [Int]? = nil, key: RandomKey
    ) throws -> AttackResult {
        var queries = ModelQueries(model)
        return try run(&queries, images: images, labels: labels, targets: targets, key: key)
    }

    func run(
        _ queries: inout ModelQueries, images: Tensor, labels: [Int], targets: [Int]? = nil, key: RandomKey
    ) throws -> AttackResult {
        let task = try AttackTask(
            &queries, images: images, labels: labels, targets: targets, bounds: set.bounds, key: key[name])
        guard task.classes >= leastClasses else {
            throw AttackError(
                "\(name) needs \(leastClasses) classes or more, and the network has \(task.classes): leave that attack out"
            )
        }
        return try run(task, &queries)
    }

    /// The attack on a task that was checked: samples that are broken as they are stay so.
    func run(_ task: AttackTask, _ queries: inout ModelQueries) throws -> AttackResult {
        let before = (queries.forwards, queries.gradients)
        let open = task.broken(task.logits).indices(where: false)
        var adversarial = task.images
        if !open.isEmpty { adversarial.set(open, to: try perturb(task[open], &queries)) }
        let inside = set.contains(adversarial, around: task.images)
        var succeeded = task.broken(task.logits)
        if !open.isEmpty {
            var judge = judge(queries.uncounted)
            let broken = task[open].broken(judge.logits(adversarial.gathered(open)))
            queries.count(judge)
            for (place, row) in open.enumerated() { succeeded[row] = broken[place] && inside[row] }
        }
        return AttackResult(
            adversarial: adversarial, succeeded: succeeded,
            distances: set.norm.distances(adversarial, from: task.images), forwards: queries.forwards - before.0,
            gradients: queries.gradients - before.1)
    }
}

extension [Bool] {
    /// The places of a value.
    func indices(where value: Bool) -> [Int] { indices.filter { self[$0] == value } }
}
