public import PlumbRecords

/// What the Full Takeoff Model assumes: how much computation it takes to automate tasks, how research turns into better
/// chips and algorithms, and how spending reacts (Davidson 2023, *What a Compute-Centric Framework Says about Takeoff
/// Speeds*; his best guesses).
///
/// A growth is three numbers: the yearly rate before wake-up, the rate after it, and the greatest share.
public struct TakeoffAssumptions: SettingGroup {
    @Setting("The year of the first step.", 1900...2200) public var startYear = 2022.0
    @Setting("The year after which the model stops.", 1901...3000) public var endYear = 2100.0
    @Setting("Years a step lasts.", 0.01...1) public var step = 0.1
    @Setting("Tasks in each part of the economy.", 10...1000) public var tasks = 100
    @Setting("Effective FLOP to train an AI for the hardest task.", 1...1e60) public var trainingRequirement = 1e36
    @Setting("By which factor the hardest task takes more training than the task at 20 %.", 1...1e30)
    public var trainingGap = 1e4
    @Setting("By which factor training for research takes less.", 1e-6...1e12) public var researchTraining = 3.0
    @Setting("FLOP per second to replace a worker at the hardest task.", 1...1e60) public var runtimeRequirement =
        1e17 / 6
    @Setting("By which factor the hardest task takes more to run than the task at 20 %.", 1...1e30)
    public var runtimeGap = 10.0
    @Setting("By which factor running for research takes less.", 1e-6...1e12) public var researchRuntime = 100.0
    @Setting("Decades of running that replace a decade of training.", 0...10) public var tradeoff = 1.5
    @Setting("By which factor training can be replaced so at the most.", 1...1e12) public var mostTradeoff = 100.0
    @Setting("Substitution exponent among tasks; below 0 they complement each other.", -10...(-0.001))
    public var laborSubstitution = -0.5
    @Setting("Substitution exponent of capital and tasks in goods and services.", -10...(-0.001))
    public var capitalSubstitution = -0.4
    @Setting("The same in hardware research, before parallelization.", -10...(-0.001)) public var researchSubstitution =
        -0.25
    @Setting("Substitution exponent of experiments and tasks in software research.", -10...(-0.001))
    public var experimentSubstitution = -0.01
    @Setting("By which power experiments grow with the world's hardware.", 0...2) public var experimentExponent = 0.4
    @Setting("Share of experiments in software research at the start.", 0.001...0.999) public var experimentShare = 0.3
    @Setting("Doublings of hardware a doubling of research brings.", 0...100) public var hardwareReturns = 5.2
    @Setting("Doublings of software a doubling of research brings.", 0...100) public var softwareReturns = 1.25
    @Setting("The most FLOP a dollar can buy.", 1...1e60) public var hardwareCeiling = 1e26
    @Setting("The most that software can gain.", 1...1e60) public var softwareCeiling = 1e7
    @Setting("By which power research at one time counts.", 0.01...1) public var parallelization = 0.7
    @Setting("Years until better chips can be bought.", 0...20) public var hardwareDelay = 1.0
    @Setting("Share of tasks automated at which the world wakes up.", 0...1) public var wakeTrigger = 0.06
    @Setting("Dollars a run may cost before the share of training stops growing until wake-up.", 1...1e30)
    public var moneyCap = 4e9
    @Setting("Growth of the share of output spent on compute.", -1000...1000) public var computeSpending = [
        0.19, 0.19, 0.1,
    ]
    @Setting("Growth of the share of compute that trains the largest model.", -1000...1000)
    public var trainingShare = [0.547528364331348, 1.1, 0.1]
    @Setting("Growth of the share of capital in hardware research.", -1000...1000) public var hardwareCapital = [
        0.01, 0.14, 0.03,
    ]
    @Setting("Growth of the share of labor in hardware research.", -1000...1000) public var hardwareLabor = [
        0.01, 0.14, 0.03,
    ]
    @Setting("Growth of the share of compute in hardware research.", -1000...1000) public var hardwareCompute = [
        0.01, 0.67, 0.2,
    ]
    @Setting("Growth of the share of labor in software research.", -1000...1000) public var softwareLabor = [
        0.18, 0.22, 0.03,
    ]
    @Setting("Growth of the share of compute in software research.", -1000...1000) public var softwareCompute = [
        0.18, 0.67, 0.2,
    ]
    @Setting("Share of capital, labor and compute in hardware research at the start.", 1e-9...0.5)
    public var hardwareStart = 0.002
    @Setting("Share of labor and compute in software research at the start.", 1e-9...0.5) public var softwareStart =
        0.0002
    @Setting("This year's hardware research relative to all before.", 1e-6...10) public var hardwareRatio = 0.047
    @Setting("This year's software research relative to all before.", 1e-6...10) public var softwareRatio = 0.2
    @Setting("FLOP of the largest training run at the start.", 1...1e60) public var largestRun = 3e24
    @Setting("FLOP a year of the chips made in the first year.", 1...1e60) public var chipsMade = 1e28
    @Setting("All chips relative to those.", 0.01...100) public var chipsOwned = 2.0
    @Setting("FLOP a dollar buys at the start.", 1...1e60) public var flopPerDollar = 1.5e17
    @Setting("Dollars of the world's output at the start.", 1...1e30) public var output = 8.5e13
    @Setting("Workers at the start.", 1...1e12) public var workers = 4e9
    @Setting("Share of tasks rather than capital in goods and services.", 0.001...0.999) public var taskShare = 0.5
    @Setting("Share of tasks rather than capital in hardware research.", 0.001...0.999) public var researchTaskShare =
        0.7
    @Setting("Share of compute in the tasks at the start.", 1e-6...0.999) public var computeShare = 0.01
    @Setting("Yearly growth of capital at the start.", 0.0001...1) public var capitalGrowth = 0.0275
    @Setting("Yearly growth of labor.", -1...1) public var laborGrowth = 0.01
    @Setting("Yearly growth of productivity.", -1...1) public var productivityGrowth = 0.01
    @Setting("Part of all chips that wears out in a year.", 0...1) public var depreciation = 0.2
    @Setting("Part of output that becomes capital.", 0.001...1) public var investment = 0.2

    /// Davidson's best guesses.
    public init() {}

    /// The same world where research makes neither chips nor algorithms better.
    public var withoutReturns: TakeoffAssumptions {
        var world = self
        (world.hardwareReturns, world.softwareReturns) = (0, 0)
        return world
    }

    /// Refuses assumptions that no run can use.
    ///
    /// - Throws: ``GovernanceError`` saying what was found and what is accepted.
    public func check() throws {
        guard endYear > startYear + 1 else {
            throw GovernanceError("the model ends more than a year after its start, found \(startYear) and \(endYear)")
        }
        guard largestRun <= chipsMade * chipsOwned else {
            throw GovernanceError(
                "the largest training run of \(largestRun) FLOP is more than all chips compute in a year, "
                    + "\(chipsMade * chipsOwned)")
        }
        let growths = [
            "compute spending": computeSpending, "training": trainingShare, "hardware capital": hardwareCapital,
            "hardware labor": hardwareLabor, "hardware compute": hardwareCompute, "software labor": softwareLabor,
            "software compute": softwareCompute,
        ]
        for (name, growth) in growths.sorted(by: { $0.key < $1.key }) {
            guard growth.count == 3 else {
                throw GovernanceError(
                    "the growth of \(name) is three numbers, the rates before and after wake-up and the greatest share; "
                        + "found \(growth.count)")
            }
            try Probability.check(growth[2], "the greatest share of \(name)")
        }
    }
}
