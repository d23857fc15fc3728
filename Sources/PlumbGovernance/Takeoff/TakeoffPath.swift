/// The history that a takeoff model gives, one value a step.
public struct TakeoffPath: Sendable, Codable, Equatable {
    /// Years.
    public private(set) var years: [Double] = []
    /// Share of the tasks in goods and services that machines do.
    public private(set) var goods: [Double] = []
    /// Share of the tasks in research that machines do.
    public private(set) var research: [Double] = []
    /// Dollars of output a year.
    public private(set) var output: [Double] = []
    /// Effective FLOP of the largest training run.
    public private(set) var run: [Double] = []
    /// By which factor algorithms are better than at the start.
    public private(set) var software: [Double] = []
    /// The first step with the spending of an awake world; `nil` where it never wakes up.
    public private(set) var wakeUp: Double?

    mutating func append(_ year: Double, _ state: TakeoffModel.State) {
        years.append(year)
        goods.append(state.automatedGoods)
        research.append(state.automatedResearch)
        output.append(state.output)
        run.append(state.run)
        software.append(state.software)
        if state.isAwake, wakeUp == nil { wakeUp = year }
    }

    /// The first year in which machines do such a share of the tasks in goods and services; `nil` for never.
    public func year(goods share: Double) -> Double? { goods.firstIndex { $0 >= share }.map { years[$0] } }

    /// The first year in which machines do such a share of the tasks in research; `nil` for never.
    public func year(research share: Double) -> Double? { research.firstIndex { $0 >= share }.map { years[$0] } }

    /// Years from a fifth of the tasks in goods and services to all; `nil` where that is never.
    public var length: Double? {
        guard let start = year(goods: 0.2), let end = year(goods: 1) else { return nil }
        return end - start
    }
}

extension TakeoffPath {
    /// The history at no more than `count` of its steps, evenly chosen.
    public func thinned(to count: Int) -> TakeoffPath {
        let stride = max(1, (years.count + count - 1) / max(1, count))
        func chosen(_ values: [Double]) -> [Double] {
            values.enumerated().filter { $0.offset.isMultiple(of: stride) }.map(\.element)
        }
        var path = self
        (path.years, path.goods, path.research) = (chosen(years), chosen(goods), chosen(research))
        (path.output, path.run, path.software) = (chosen(output), chosen(run), chosen(software))
        return path
    }
}
