import Foundation

// A record is a file that anybody may have edited: what figures take for granted is looked at once, where it is read.

extension RunRecord {
    /// Refuses figures and curves that nobody can draw: series whose arrays differ in length, cells outside their grid,
    /// numbers whose differences are too large to be numbers.
    ///
    /// - Throws: `RunStoreError` naming the place.
    func checkShapes() throws {
        for (index, figure) in findings.figures.enumerated() { try figure.check("findings.figures.\(index)") }
        for (index, metric) in findings.metrics.enumerated() {
            try Shape.checkSpan(metric.values ?? [], "findings.metrics.\(index).values")
        }
        for (index, table) in findings.tables.enumerated() {
            try Shape.checkSpan(table.values.flatMap { $0 }, "findings.tables.\(index).values")
            try Shape.checkSpan((table.lower ?? []).flatMap { $0 }, "findings.tables.\(index).lower")
            try Shape.checkSpan((table.upper ?? []).flatMap { $0 }, "findings.tables.\(index).upper")
        }
        for (index, curve) in curves.enumerated() {
            let place = "curves.\(index)"
            try Shape.checkLengths(place, ("x", curve.x), ("y", curve.y))
            guard (curve.x + curve.y).allSatisfy(\.isFinite) else {
                throw Shape.damaged(place, "a curve's numbers must be finite")
            }
            try Shape.checkSpan(curve.x, place + ".x")
            try Shape.checkSpan(curve.y, place + ".y")
            guard zip(curve.x, curve.x.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw Shape.damaged(place + ".x", "places must rise")
            }
            guard curve.count >= 0, curve.omitted >= 0 else {
                throw Shape.damaged(place, "a count must not be negative")
            }
        }
        guard wallSeconds.isFinite, abs(wallSeconds) < 1e12 else {
            throw Shape.damaged("wallSeconds", "\(wallSeconds) is no time")
        }
    }
}

/// The rules that parts of a record share.
enum Shape {
    /// Larger numbers have differences that are infinite, and no float32 comes near.
    static let largest = 1e300

    static func damaged(_ place: String, _ what: String) -> RunStoreError {
        RunStoreError("record is damaged at \(place): \(what)")
    }

    static func checkSpan(_ values: [Double], _ place: String) throws {
        if let value = values.first(where: { $0.isFinite && abs($0) > largest }) {
            throw damaged(place, "\(value) is larger than any number that can be drawn")
        }
    }

    static func checkLengths(_ place: String, _ arrays: (name: String, values: [Double]?)...) throws {
        let present = arrays.compactMap { array in array.values.map { (array.name, $0) } }
        guard Set(present.map(\.1.count)).count <= 1 else {
            let counts = present.map { "\($0.1.count) in \($0.0)" }.joined(separator: ", ")
            throw damaged(place, "numbers of one series must be equally many, found \(counts)")
        }
        for (name, values) in present { try checkSpan(values, "\(place).\(name)") }
    }

    static func checkReferences(_ references: [ReferenceValue], _ place: String) throws {
        try checkSpan(references.map(\.value), place + ".references")
    }
}

extension Figure {
    fileprivate func check(_ place: String) throws {
        switch self {
        case .heatMap(let figure):
            let domain = figure.domain.map { [$0.lower, $0.upper] } ?? []
            try Shape.checkSpan(domain + [figure.center ?? 0], place)
            try Shape.checkReferences(figure.references, place)
        case .lineChart(let figure):
            for (index, series) in figure.series.enumerated() {
                try Shape.checkLengths(
                    "\(place).series.\(index)", ("x", series.x), ("y", series.y), ("lower", series.lower),
                    ("upper", series.upper))
            }
            try Shape.checkSpan(figure.markers.map(\.x), place + ".markers")
            try Shape.checkReferences(figure.references, place)
        case .barChart(let figure):
            for (index, series) in figure.series.enumerated() {
                let place = "\(place).series.\(index)"
                try Shape.checkLengths(
                    place, ("values", series.values), ("lower", series.lower), ("upper", series.upper))
                guard series.values.count == figure.categories.count else {
                    throw Shape.damaged(
                        place, "\(series.values.count) values of \(figure.categories.count) categories")
                }
            }
            try Shape.checkReferences(figure.references, place)
        case .scatter(let figure): try figure.check(place)
        case .vectors(let figure):
            for (index, panel) in figure.panels.enumerated() {
                try Shape.checkSpan(
                    panel.vectors.flatMap { [$0.x, $0.y, $0.value] }, "\(place).panels.\(index).vectors")
            }
        case .grids(let figure):
            for (index, panel) in figure.panels.enumerated() { try panel.check("\(place).panels.\(index)") }
        case .graph(let figure):
            for (index, panel) in figure.panels.enumerated() { try panel.check("\(place).panels.\(index)") }
        case .images(let figure):
            for (index, panel) in figure.panels.enumerated() { try panel.check("\(place).panels.\(index)") }
        case .histogram(let figure): try figure.check(place)
        case .prompts(let figure):
            for (index, prompt) in figure.prompts.enumerated() {
                try Shape.checkSpan(
                    prompt.continuations.map(\.logProbability), "\(place).prompts.\(index).continuations")
            }
        case .text: break
        }
    }
}

extension ScatterPlot {
    fileprivate func check(_ place: String) throws {
        for (index, group) in groups.enumerated() {
            let place = "\(place).groups.\(index)"
            try Shape.checkLengths(place, ("x", group.x), ("y", group.y))
            guard group.labels?.count ?? group.x.count == group.x.count else {
                throw Shape.damaged(place + ".labels", "there must be one label a point")
            }
        }
    }
}

extension Histogram {
    fileprivate func check(_ place: String) throws {
        guard edges.count == counts.count + 1 else {
            throw Shape.damaged(place, "\(counts.count) counts need \(counts.count + 1) edges, found \(edges.count)")
        }
        guard edges.allSatisfy(\.isFinite), zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw Shape.damaged(place + ".edges", "edges must be finite and rise")
        }
        try Shape.checkSpan(edges, place + ".edges")
        try Shape.checkSpan(counts, place + ".counts")
        try Shape.checkReferences(references, place)
    }
}

extension GraphFigure.Panel {
    fileprivate func check(_ place: String) throws {
        guard nodes.count <= 1_000, edges.count <= 10_000 else {
            throw Shape.damaged(place, "at most 1,000 nodes and 10,000 edges are drawn")
        }
        let ids = Set(nodes.map(\.id))
        guard ids.count == nodes.count else { throw Shape.damaged(place + ".nodes", "two nodes have one id") }
        for (index, edge) in edges.enumerated() where !ids.contains(edge.from) || !ids.contains(edge.to) {
            throw Shape.damaged("\(place).edges.\(index)", "an edge joins two nodes of its panel")
        }
    }
}

extension ImageFigure.Panel {
    fileprivate func check(_ place: String) throws {
        guard levels != nil else {
            throw Shape.damaged(
                place, "a picture has up to \(Self.largestSide) × \(Self.largestSide) pixels of six hexadecimal digits")
        }
    }
}

extension GridFigure.Panel {
    fileprivate func check(_ place: String) throws {
        let widths = Set(rows.map(\.count))
        guard widths.count <= 1, rows.count <= 10_000, (widths.first ?? 0) <= 10_000 else {
            throw Shape.damaged(place + ".rows", "rows must be equally long")
        }
        let (height, width) = (rows.count, widths.first ?? 0)
        for (index, cell) in path.enumerated()
        where !(0..<height).contains(cell.row) || !(0..<width).contains(cell.column) {
            throw Shape.damaged(
                "\(place).path.\(index)",
                "row \(cell.row), column \(cell.column) lies outside \(height) × \(width) cells")
        }
        guard let values else { return }
        guard values.count == height, values.allSatisfy({ $0.count == width }) else {
            throw Shape.damaged(place + ".values", "there must be one number a cell")
        }
        try Shape.checkSpan(values.flatMap { $0 }, place + ".values")
    }
}
