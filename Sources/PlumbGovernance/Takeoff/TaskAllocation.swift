internal import Foundation

/// Output with a constant elasticity of substitution: `(Σ wᵢ xᵢ^ρ / Σ wᵢ)^(1/ρ)`.
///
/// - Parameter rho: the substitution exponent, not 0; below 0 the inputs complement each other.
func constantElasticity(_ inputs: [Double], _ weights: [Double], _ rho: Double) -> Double {
    var (sum, total) = (0.0, 0.0)
    for (input, weight) in zip(inputs, weights) {
        sum += weight * pow(input, rho)
        total += weight
    }
    return pow(sum / total, 1 / rho)
}

/// How labor and compute are best shared out over tasks of which machines can do some (Davidson 2023, equations 14 to
/// 22 of the model's description).
///
/// A unit of compute does the work of `machines[i]` units of labor in task i, less from task to task. At the best
/// allocation there is a critical task: machines do the tasks before it, people those after it.
struct TaskAllocation {
    /// Labor in each task.
    var labor: [Double]
    /// Compute in each task.
    var compute: [Double]

    /// - Parameters:
    ///   - totalLabor: all labor.
    ///   - totalCompute: all compute.
    ///   - weights: of the tasks in the output.
    ///   - rho: the substitution exponent among tasks.
    ///   - machines: units of labor that a unit of compute replaces, falling.
    ///   - automatable: how many of the first tasks machines can do at all, at least 1.
    init(
        labor totalLabor: Double, compute totalCompute: Double, weights: [Double], rho: Double, machines: [Double],
        automatable: Int
    ) {
        let (count, sigma) = (weights.count, 1 / (1 - rho))
        let people = weights.map { pow($0, sigma) }
        let automated = zip(weights, machines).map { pow($0 * $1, sigma) / $1 }
        // The sums of `people` from a task on, and of `automated` before it.
        var (after, before) = ([Double](repeating: 0, count: count + 1), [Double](repeating: 0, count: count + 1))
        for task in (0..<count).reversed() { after[task] = after[task + 1] + people[task] }
        for task in 0..<count { before[task + 1] = before[task] + automated[task] }
        (labor, compute) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        for task in 0..<min(automatable, count) {
            let scale = pow(machines[task], sigma) * after[task]
            let critical = (totalCompute * scale - totalLabor * before[task]) / (scale + machines[task] * before[task])
            let work = totalLabor + machines[task] * critical
            let rest = work * people[task] / after[task] - machines[task] * critical
            guard rest >= 0 else { continue }
            guard task == 0 || critical >= 0 else {
                // Machines do none of the critical task.
                for index in 0..<task { compute[index] = totalCompute * automated[index] / before[task] }
                for index in task..<count { labor[index] = totalLabor * people[index] / after[task] }
                return
            }
            (compute[task], labor[task]) = (critical, rest)
            for index in task + 1..<max(count, task + 1) { labor[index] = work * people[index] / after[task] }
            let machinery = totalCompute + rest / machines[task]
            for index in 0..<task { compute[index] = machinery * automated[index] / before[task + 1] }
            return
        }
        // Machines do all they can.
        let end = min(automatable, count)
        for index in 0..<end { compute[index] = totalCompute * automated[index] / before[end] }
        for index in end..<count { labor[index] = totalLabor * people[index] / after[end] }
        // Where machines do everything, people help with the hardest task.
        if end == count { labor[count - 1] = totalLabor }
    }
}

/// How much computation tasks take, from the easiest to the hardest.
struct TaskRequirements {
    /// Effective FLOP to train an AI for each task; the first is done by machines already.
    let training: [Double]
    /// FLOP a year to run it in the place of one worker.
    let runtime: [Double]

    /// - Parameters:
    ///   - training: of the hardest task.
    ///   - trainingGap: the factor between it and the task at 20 %.
    ///   - runtime: of the hardest task.
    ///   - runtimeGap: the factor between it and the task at 20 %.
    init(training: Double, trainingGap: Double, runtime: Double, runtimeGap: Double, tasks: Int) {
        self.training = [1] + Self.spread(training, trainingGap, tasks)
        self.runtime = [1] + Self.spread(runtime, runtimeGap, tasks)
    }

    /// Units of labor that a unit of compute replaces in each task, with a largest training run; what was trained for less
    /// takes more to run.
    func machines(run: Double, tradeoff: Double) -> [Double] {
        zip(training, runtime).map { 1 / max(1, $1 * pow($0 / run, tradeoff)) }
    }

    /// How many tasks machines can do, the first included.
    func automatable(run: Double) -> Int { training.count { $0 < run } }

    /// The requirements at equal steps of difficulty: logarithms are interpolated between `top / u^k`, `u` being the
    /// seventh root of the gap.
    private static func spread(_ top: Double, _ gap: Double, _ tasks: Int) -> [Double] {
        let points = [(0.0, 10.5), (0.05, 9.5), (0.1, 8.5), (0.2, 7), (0.5, 4), (1, 0)]
        return (0..<tasks).map { task in
            let place = Double(task) / Double(tasks - 1)
            let upper = points.firstIndex { $0.0 >= place } ?? points.count - 1
            let (low, high) = (points[max(0, upper - 1)], points[upper])
            let part = high.0 > low.0 ? (place - low.0) / (high.0 - low.0) : 0
            return top / pow(gap, (low.1 + (high.1 - low.1) * part) / 7)
        }
    }
}
