internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// An input, the inputs that variables take their values from, and what a high-level model then says.
public struct Interchange<Input> {
    /// What the model runs on.
    public var base: Input
    /// For each variable, the input of the run that its value comes from; nil keeps the base's.
    public var sources: [Input?]
    /// The class that the high-level model gives each row of the output.
    public var targets: [Int]

    /// An interchange of the values of some variables.
    public init(base: Input, sources: [Input?], targets: [Int]) {
        (self.base, self.sources, self.targets) = (base, sources, targets)
    }
}

extension Interchange: Sendable where Input: Sendable {}

/// Which activation holds the variables: a hook point, whole or in some of its rows.
public struct InterchangePlace: Sendable, Equatable {
    /// The hook point.
    public var point: HookPoint
    /// The rows of the activation that are changed: positions of a prompt; nil for all.
    public var rows: [Int]?

    /// A place.
    public init(_ point: HookPoint, rows: [Int]? = nil) { (self.point, self.rows) = (point, rows) }
}

extension HookedModel {
    /// The output of the run on an interchange's base in which variables have the values of their sources.
    ///
    /// - Shapes: the output is the model's; the activation has rows of the map's width.
    /// - Throws: `ModelError` for a number of sources that is not the map's, a point that shows nothing of the map's
    ///   width, rows that the activation lacks, and an interchange that changes no activation at all.
    public func interchanged(
        _ interchange: Interchange<Input>, at place: InterchangePlace, by map: some SubspaceMap
    ) throws -> Tensor {
        guard interchange.sources.count == map.variables else {
            throw ModelError(
                "an interchange has \(interchange.sources.count) sources, but the map has \(map.variables) variables")
        }
        let base = try rows(interchange.base, place, width: map.width)
        let sources = try interchange.sources.map { source in
            try source.map { input in
                let rows = try rows(input, place, width: map.width)
                guard rows.shape == base.shape else {
                    throw ModelError(
                        "\(place.point) has \(rows.shape[0]) rows in the run of a source and \(base.shape[0]) in the "
                            + "base's"
                    )
                }
                return rows
            }
        }
        let kept = place.rows.map { changed in
            Tensor((0..<base.shape[0]).map { changed.contains($0) ? 1 : 0 }, shape: [base.shape[0], 1])
        }
        if let bad = place.rows?.first(where: { !(0..<base.shape[0]).contains($0) }) {
            throw ModelError("\(place.point) has \(base.shape[0]) rows, no row \(bad)")
        }
        guard Self.changes(base, sources, place.rows) else {
            throw ModelError(
                "an interchange at \(place.point) changes nothing: every source's activation there equals the "
                    + "base's, bit for bit. Take sources that differ from the base, and a point that depends on the "
                    + "difference.")
        }
        let swap = Intervention("interchange", at: place.point) { value in
            let rows = value.reshaped([-1, map.width])
            let changed = map.interchanged(rows, sources: sources)
            return (kept.map { rows + $0 * (changed - rows) } ?? changed).reshaped(value.shape)
        }
        return run(interchange.base, with: [swap]).output
    }

    /// The activation at a place as rows of one width.
    private func rows(_ input: Input, _ place: InterchangePlace, width: Int) throws -> Tensor {
        let cache = run(input, recording: .only(place.point)).cache
        guard let value = cache[place.point] else {
            throw ModelError("the model has no hook point \(place.point) to interchange")
        }
        let isOfHeads = place.point.site.hasHeads && value.shape.suffix(2).reduce(1, *) == width
        guard value.shape.last == width || isOfHeads else {
            throw ModelError(
                "\(place.point) has shape \(value.shape), whose rows are not \(width) wide as the map's are")
        }
        return value.reshaped([-1, width])
    }

    /// Whether any source differs from the base in a row that is changed.
    private static func changes(_ base: Tensor, _ sources: [Tensor?], _ rows: [Int]?) -> Bool {
        let allowed = rows.map(Set.init)
        return sources.contains { source in
            source.map { $0.rowsDiffering(from: base).contains { allowed?.contains($0) ?? true } } ?? false
        }
    }

    /// The share of rows in which the model's output, after interchanges, is what the high-level model says:
    /// interchange intervention accuracy.
    ///
    /// - Parameter readout: from the output to a row of scores for each target; by default the output itself.
    /// - Throws: what ``interchanged(_:at:by:)`` throws.
    public func interchangeAccuracy(
        _ interchanges: [Interchange<Input>], at place: InterchangePlace, by map: some SubspaceMap,
        readout: (Tensor) -> Tensor = { $0 }
    ) throws -> Double {
        var (hits, count) = (0, 0)
        for interchange in interchanges {
            let said = readout(try interchanged(interchange, at: place, by: map)).argmaxOfRows()
            hits += zip(said, interchange.targets).count { $0 == $1 }
            count += interchange.targets.count
        }
        return Double(hits) / Double(count)
    }
}
