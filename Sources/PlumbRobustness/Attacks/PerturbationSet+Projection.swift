internal import PlumbBasics

extension PerturbationSet {
    /// The nearest point of the set around `x`, written into `out`.
    func project(_ point: Row, _ x: Row, into out: MutableRow) {
        switch norm {
        case .linf: projectCube(point, x, out)
        case .l2: projectBall(point, x, out)
        case .l1: projectCrossPolytope(point, x, out)
        }
    }

    private func projectCube(_ point: Row, _ x: Row, _ out: MutableRow) {
        let (low, high) = (bounds.lowerBound, bounds.upperBound)
        guard radius.isFinite else {
            for index in x.indices { out[index] = max(low, min(high, point[index])) }
            return
        }
        for index in x.indices {
            let center = Double(x[index])
            var (lower, upper) = (Float(center - radius), Float(center + radius))
            if center - Double(lower) > radius { lower = lower.nextUp }
            if Double(upper) - center > radius { upper = upper.nextDown }
            out[index] = max(max(low, lower), min(min(high, upper), point[index]))
        }
    }

    private func projectBall(_ point: Row, _ x: Row, _ out: MutableRow) {
        var sum = 0.0
        for index in x.indices {
            let change = Double(point[index]) - Double(x[index])
            sum += change * change
        }
        let length = sum.squareRoot()
        write(point, x, out, scale: length > radius ? radius / length : 1)
        shrinkInside(x, out, by: .l2)
    }

    /// The Euclidean projection onto the part of an L1 ball that lies within bounds (Croce, Hein 2021, arXiv:2103.01208):
    /// changes are `min(max(|w| − λ, 0), γ)` toward the point, γ being the room up to the bounds; λ is found among the
    /// breakpoints of their sum, which falls in straight pieces.
    private func projectCrossPolytope(_ point: Row, _ x: Row, _ out: MutableRow) {
        let (low, high) = (Double(bounds.lowerBound), Double(bounds.upperBound))
        let changes = x.indices.map { Double(point[$0]) - Double(x[$0]) }
        let rooms = x.indices.map { changes[$0] > 0 ? high - Double(x[$0]) : Double(x[$0]) - low }
        let sizes = zip(changes, rooms).map { min(abs($0), max(0, $1)) }
        var lambda = 0.0
        if sizes.reduce(0, +) > radius { lambda = Self.threshold(changes.map(abs), rooms, radius) }
        for index in x.indices {
            let size = min(max(abs(changes[index]) - lambda, 0), max(0, rooms[index]))
            out[index] = clipped(Float(Double(x[index]) + (changes[index] < 0 ? -size : size)))
        }
        shrinkInside(x, out, by: .l1)
    }

    /// λ at which `Σ min(max(asked − λ, 0), room)` is `radius`, below what it is at 0.
    private static func threshold(_ asked: [Double], _ rooms: [Double], _ radius: Double) -> Double {
        // Going down from large λ, a number begins to move at λ = asked and is at its bound from asked − room on.
        var events: [(at: Double, slope: Double)] = []
        for (asked, room) in zip(asked, rooms) where asked > 0 && room > 0 {
            events.append((asked, 1))
            if asked > room { events.append((asked - room, -1)) }
        }
        events.sort { $0.at > $1.at }
        var (sum, slope) = (0.0, 0.0)
        for (index, event) in events.enumerated() {
            slope += event.slope
            let next = index + 1 < events.count ? events[index + 1].at : 0
            let after = sum + slope * (event.at - next)
            if after >= radius { return slope > 0 ? max(0, event.at - (radius - sum) / slope) : next }
            sum = after
        }
        return 0
    }

    @inline(__always) private func clipped(_ value: Float) -> Float {
        max(bounds.lowerBound, min(bounds.upperBound, value))
    }

    private func write(_ point: Row, _ x: Row, _ out: MutableRow, scale: Double) {
        for index in x.indices {
            let moved =
                scale == 1 ? point[index] : Float(Double(x[index]) + scale * (Double(point[index]) - Double(x[index])))
            out[index] = clipped(moved)
        }
    }

    /// Undoes what rounding added: scales the change until it measures no more than the radius.
    private func shrinkInside(_ x: Row, _ out: MutableRow, by norm: PerturbationNorm) {
        guard radius.isFinite else { return }
        var shrink = 1e-7
        while true {
            var size = 0.0
            for index in x.indices {
                let change = Double(out[index]) - Double(x[index])
                size += norm == .l1 ? abs(change) : change * change
            }
            if norm == .l2 { size = size.squareRoot() }
            guard size > radius else { return }
            let scale = max(0, radius / size * (1 - shrink))
            for index in x.indices {
                out[index] = clipped(Float(Double(x[index]) + scale * (Double(out[index]) - Double(x[index]))))
            }
            shrink = min(1, shrink * 2)
        }
    }
}
