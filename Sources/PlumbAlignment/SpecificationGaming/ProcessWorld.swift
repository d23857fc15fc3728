internal import PlumbTensor
internal import PlumbWorlds

/// A listed process as a world: its states and actions are their numbers.
struct ProcessWorld: World {
    let process: DecisionProcess
    let rewards: [Double]
    let stepLimit: Int?
    var actions: [Int] { Array(0..<process.actions) }

    init(_ process: DecisionProcess, rewards: [Double], stepLimit: Int) {
        (self.process, self.rewards, self.stepLimit) = (process, rewards, stepLimit)
    }

    func observation(of state: Int) -> Int { state }

    func start(using random: inout RandomKey.Generator) -> Int {
        Self.drawn(process.start.indices, using: &random) { process.start[$0] }
    }

    func step(_ state: inout Int, _ action: Int, using random: inout RandomKey.Generator) -> StepResult {
        let outcome = Self.drawn(process.range(state, action), using: &random) { process.probability[$0] }
        let next = process.next[outcome]
        if next >= 0 { state = next }
        return StepResult(reward: rewards[outcome], performance: process.performance[outcome], isOver: next < 0)
    }

    private static func drawn(
        _ range: Range<Int>, using random: inout RandomKey.Generator, _ probability: (Int) -> Double
    ) -> Int {
        guard range.count > 1 else { return range.lowerBound }
        var left = random.uniform()
        for index in range {
            left -= probability(index)
            if left < 0 { return index }
        }
        return range.upperBound - 1
    }
}
