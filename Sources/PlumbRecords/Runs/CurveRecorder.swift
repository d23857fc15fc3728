import Synchronization

/// Gathers the points of a run into its curves.
///
/// A continued run reports again what lay between its last checkpoint and its end. So the first point of a series
/// after `resumed` supersedes that series' older points from there on; and of two points with equal `x` the later one
/// stays.
public final class CurveRecorder: RunObserver {
    private struct Series {
        var x: [Double] = []
        var y: [Double] = []
        var omitted: [Double] = []
        var session = 0

        mutating func append(x newX: Double, y newY: Double, session current: Int) {
            if session != current {
                session = current
                let kept = x.indices.filter { x[$0] < newX }
                x = kept.map { x[$0] }
                y = kept.map { y[$0] }
                omitted.removeAll { $0 >= newX }
            }
            if abs(newX) <= Shape.largest && abs(newY) <= Shape.largest {
                x.append(newX)
                y.append(newY)
            } else {
                omitted.append(newX)
            }
        }

        /// The points in rising order of `x`, the last of equal ones.
        func curve(_ name: String) -> Curve {
            var (xs, ys) = (x, y)
            if !zip(xs, xs.dropFirst()).allSatisfy({ $0 < $1 }) {
                let last = Dictionary(zip(x, y), uniquingKeysWith: { $1 })
                xs = last.keys.sorted()
                ys = xs.compactMap { last[$0] }
            }
            return Curve(
                name, x: xs, y: ys, omitted: omitted.count, firstOmitted: omitted.filter(\.isFinite).min())
        }
    }

    private struct State {
        var series: [String: Series] = [:]
        var names: [String] = []
        var session = 0
    }

    private let state = Mutex(State())

    /// How many points a curve of a record has at most.
    public static let limit = 400

    /// A recorder that has heard `events`.
    public init(replaying events: [RunEvent] = []) {
        for event in events { receive(event) }
    }

    /// Keeps points, and hears of the run's being continued.
    public func receive(_ event: RunEvent) {
        switch event.kind {
        case .point(let name, let x, let y):
            state.withLock { state in
                if state.series[name] == nil { state.names.append(name) }
                state.series[name, default: Series()].append(x: x, y: y, session: state.session)
            }
        case .resumed: state.withLock { $0.session += 1 }
        default: break
        }
    }

    /// The curves so far, each thinned to `limit` points, in the order in which they began.
    public var curves: [Curve] {
        let (names, series) = state.withLock { ($0.names, $0.series) }
        return names.compactMap { name in series[name].map { $0.curve(name).thinned(to: Self.limit) } }
    }
}
