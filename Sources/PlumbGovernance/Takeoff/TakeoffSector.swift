internal import Foundation

extension TakeoffModel {
    /// A part of the economy that makes its output of capital, or experiments, and of tasks.
    struct Sector {
        private let outer: [Double], inner: [Double]
        private let substitution: Double, rho: Double

        /// Weights with which the first step has the given shares.
        init(
            capital: Double, labor: Double, compute: Double, machines: [Double], substitution: Double, rho: Double,
            taskShare: Double, computeShare: Double
        ) {
            (self.substitution, self.rho) = (substitution, rho)
            let count = machines.count - 1
            // At the start compute is in the first task, and labor in equal parts in all others.
            let inputs = [machines[0] * compute] + [Double](repeating: labor / Double(count), count: count)
            let people = labor * pow(labor / Double(count), rho - 1)
            let odds = computeShare / (1 - computeShare) * people / pow(inputs[0], rho)
            inner = [odds / (1 + odds)] + [Double](repeating: 1 / (1 + odds), count: count)
            let tasks = constantElasticity(inputs, inner, rho)
            let capitalOdds = (1 - taskShare) / taskShare * pow(tasks / capital, substitution)
            outer = [capitalOdds / (1 + capitalOdds), 1 / (1 + capitalOdds)]
        }

        /// What is made, and which share of the tasks machines do: those to which they bring ten times as much as people.
        func output(
            capital: Double, labor: Double, compute: Double, machines: [Double], automatable: Int,
            productivity: Double = 1
        ) -> (amount: Double, automated: Double) {
            let allocation = TaskAllocation(
                labor: labor, compute: compute, weights: inner, rho: rho, machines: machines, automatable: automatable)
            let work = zip(machines, allocation.compute).map { $0 * $1 }
            let tasks = constantElasticity(zip(allocation.labor, work).map { $0 + $1 }, inner, rho) * productivity
            let automated = zip(allocation.labor, work).count { $1 > 10 * $0 }
            return (
                constantElasticity([capital, tasks], outer, substitution),
                Double(automated - 1) / Double(machines.count - 1)
            )
        }
    }
}
