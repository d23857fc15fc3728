internal import Foundation

/// The Full Takeoff Model: an economy of tasks that machines take over as training runs grow (Davidson 2023, *What a
/// Compute-Centric Framework Says about Takeoff Speeds*).
///
/// Each step, research makes chips and algorithms better, output is invested in capital and chips, the largest training
/// run decides which tasks machines can do, and labor and compute are shared out over tasks in the best way.
public struct TakeoffModel: Sendable {
    private let world: TakeoffAssumptions
    private let goods: TaskRequirements, research: TaskRequirements

    /// The model of a world.
    ///
    /// - Throws: ``GovernanceError`` for assumptions that no run can use.
    public init(_ world: TakeoffAssumptions) throws {
        try world.check()
        self.world = world
        let yearly = world.runtimeRequirement * 60 * 60 * 24 * 365
        goods = TaskRequirements(
            training: world.trainingRequirement, trainingGap: world.trainingGap, runtime: yearly,
            runtimeGap: world.runtimeGap, tasks: world.tasks)
        research = TaskRequirements(
            training: world.trainingRequirement / world.researchTraining, trainingGap: world.trainingGap,
            runtime: yearly / world.researchRuntime, runtimeGap: world.runtimeGap, tasks: world.tasks)
    }

    /// The history from the start to the end.
    public func run() -> TakeoffPath {
        var state = State(world, goods: goods, research: research)
        var path = TakeoffPath()
        for index in 0..<Int((world.endYear - world.startYear) / world.step + 1e-9) {
            if index > 0 { state.reinvest(index, world) }
            state.produce(world, goods: goods, research: research)
            path.append(world.startYear + Double(index) * world.step, state)
        }
        return path
    }

    /// The stocks and flows of one step.
    struct State {
        var capital: Double, labor: Double, chips: Double, software = 1.0, productivity = 1.0
        var output: Double, run: Double, money: Double
        /// Shares of output, compute, capital and labor, as their growths are called.
        var spending: Double, training: Double
        var hardwareCapital: Double, hardwareLabor: Double, hardwareCompute: Double
        var softwareLabor: Double, softwareCompute: Double
        /// FLOP a dollar buys by chips designed in each step.
        var designs: [Double] = []
        var hardwareInput: Double, softwareInput: Double, hardwareTotal: Double, softwareTotal: Double
        var isAwake = false, wasAwake = false
        /// Shares of tasks done by machines.
        var automatedGoods = 0.0, automatedResearch = 0.0
        private let sectors: [Sector]
        private var first: [Double]?

        var compute: Double { chips * software }

        init(_ world: TakeoffAssumptions, goods: TaskRequirements, research: TaskRequirements) {
            capital = world.output * world.investment / (exp(world.capitalGrowth) - 1)
            labor = world.workers
            chips = world.chipsMade * world.chipsOwned
            (output, run, money) = (world.output, world.largestRun, world.largestRun / world.flopPerDollar)
            spending = world.chipsMade / world.flopPerDollar / world.output
            training = world.largestRun / chips
            (hardwareCapital, hardwareLabor, hardwareCompute) = (
                world.hardwareStart, world.hardwareStart, world.hardwareStart
            )
            (softwareLabor, softwareCompute) = (world.softwareStart, world.softwareStart)
            (hardwareInput, softwareInput) = (world.output * world.hardwareStart, world.output * world.softwareStart)
            let power = world.parallelization
            hardwareTotal = pow(hardwareInput, power) / (world.hardwareRatio * power)
            softwareTotal = pow(softwareInput, power) / (world.softwareRatio * power)
            let (rho, run, tradeoff) = (world.laborSubstitution, world.largestRun, world.tradeoff)
            let (hereGoods, hereResearch) = (
                goods.machines(run: run, tradeoff: tradeoff), research.machines(run: run, tradeoff: tradeoff)
            )
            sectors = [
                Sector(
                    capital: capital * (1 - hardwareCapital), labor: labor * (1 - hardwareLabor - softwareLabor),
                    compute: chips * (1 - hardwareCompute - softwareCompute - training), machines: hereGoods,
                    substitution: world.capitalSubstitution, rho: rho, taskShare: world.taskShare,
                    computeShare: world.computeShare),
                Sector(
                    capital: capital * hardwareCapital, labor: labor * hardwareLabor, compute: chips * hardwareCompute,
                    machines: hereResearch, substitution: world.researchSubstitution * power, rho: rho,
                    taskShare: world.researchTaskShare, computeShare: world.computeShare),
                Sector(
                    capital: pow(chips, world.experimentExponent), labor: labor * softwareLabor,
                    compute: chips * softwareCompute, machines: hereResearch,
                    substitution: world.experimentSubstitution, rho: rho, taskShare: 1 - world.experimentShare,
                    computeShare: world.computeShare),
            ]
        }

        /// Output becomes better chips, better software, more of both, and more capital.
        mutating func reinvest(_ index: Int, _ world: TakeoffAssumptions) {
            improve(index, world)
            (wasAwake, isAwake) = (isAwake, automatedGoods >= world.wakeTrigger)
            let before = training
            grow(&spending, world.computeSpending, world)
            grow(&training, world.trainingShare, world)
            grow(&hardwareCapital, world.hardwareCapital, world)
            grow(&hardwareLabor, world.hardwareLabor, world)
            grow(&hardwareCompute, world.hardwareCompute, world)
            grow(&softwareLabor, world.softwareLabor, world)
            grow(&softwareCompute, world.softwareCompute, world)
            let design = index - Int((world.hardwareDelay / world.step).rounded())
            // Before the first design for sale the price fell at the rate of the first step.
            let price = design >= 0 ? designs[design] : designs[0] * pow(designs[1] / designs[0], Double(design))
            chips = chips * pow(1 - world.depreciation, world.step) + output * spending * world.step * price
            capital += output * world.investment * world.step
            labor *= exp(world.laborGrowth * world.step)
            if money > world.moneyCap, !wasAwake { training = before }
            productivity *= exp(world.productivityGrowth * world.step)
            run = compute * training
            money = run / (software * price)
        }

        private mutating func improve(_ index: Int, _ world: TakeoffAssumptions) {
            let power = world.parallelization
            func improved(
                _ value: Double, _ first: Double, _ total: Double, _ input: Double, _ returns: Double, _ ceiling: Double
            ) -> Double {
                guard value < ceiling else { return ceiling }
                let left = (log(ceiling) - log(value)) / (log(ceiling) - log(first))
                let growth = 1 + pow(input, power) * world.step / total
                return min(value * pow(growth, returns / power * left), ceiling)
            }
            if designs.isEmpty {
                let start = world.flopPerDollar
                let next = improved(
                    start, start, hardwareTotal, hardwareInput, world.hardwareReturns, world.hardwareCeiling)
                designs = [start * pow(next / start, (world.hardwareDelay / world.step).rounded())]
            }
            designs.append(
                improved(
                    designs[index - 1], designs[0], hardwareTotal, hardwareInput, world.hardwareReturns,
                    world.hardwareCeiling))
            software = improved(
                software, 1, softwareTotal, softwareInput, world.softwareReturns, world.softwareCeiling)
            hardwareTotal += pow(hardwareInput, power) * world.step
            softwareTotal += pow(softwareInput, power) * world.step
        }

        private func grow(_ share: inout Double, _ growth: [Double], _ world: TakeoffAssumptions) {
            share = min(share * exp(world.step * (isAwake ? growth[1] : growth[0])), growth[2])
        }

        /// Goods, hardware research and software research of this step.
        mutating func produce(_ world: TakeoffAssumptions, goods: TaskRequirements, research: TaskRequirements) {
            let reach = run * world.mostTradeoff
            let here = goods.machines(run: run, tradeoff: world.tradeoff)
            let there = research.machines(run: run, tradeoff: world.tradeoff)
            let made = sectors[0].output(
                capital: capital * (1 - hardwareCapital), labor: labor * (1 - hardwareLabor - softwareLabor),
                compute: compute * (1 - hardwareCompute - softwareCompute - training), machines: here,
                automatable: goods.automatable(run: reach))
            let hardware = sectors[1].output(
                capital: capital * hardwareCapital, labor: labor * hardwareLabor, compute: compute * hardwareCompute,
                machines: there, automatable: research.automatable(run: reach))
            // In software research productivity raises the work on tasks, not the experiments.
            let programs = sectors[2].output(
                capital: pow(chips, world.experimentExponent), labor: labor * softwareLabor,
                compute: compute * softwareCompute, machines: there, automatable: research.automatable(run: reach),
                productivity: productivity)
            let amounts = [made.amount * productivity, hardware.amount * productivity, programs.amount]
            let start = first ?? amounts
            first = start
            output = world.output * amounts[0] / start[0]
            hardwareInput = world.output * world.hardwareStart * amounts[1] / start[1]
            softwareInput = world.output * world.softwareStart * amounts[2] / start[2]
            (automatedGoods, automatedResearch) = (made.automated, hardware.automated)
        }
    }
}
