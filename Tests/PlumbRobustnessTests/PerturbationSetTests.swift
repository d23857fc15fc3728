@testable import PlumbRobustness
import PlumbTensor
import Testing

struct PerturbationSetTests {
    private let x = Tensor([0.2, 0.9, 0, 0.5, 0.7, 1] as [Float], shape: [1, 6])

    private func random(_ count: Int, _ scale: Double, _ seed: UInt64) -> Tensor {
        var random = RandomKey(seed).generator()
        return Tensor((0..<count * 6).map { _ in Float(scale * (2 * random.uniform() - 1)) }, shape: [count, 6])
    }

    @Test("Projections and random points lie inside by double precision", arguments: PerturbationNorm.allCases)
    func liesInside(norm: PerturbationNorm) {
        let many = x.gathered([Int](repeating: 0, count: 200))
        let keys = (0..<200).map { RandomKey(1)[$0] }
        for radius in [0, 1e-6, 0.1, 0.7, 3] {
            let set = PerturbationSet(norm, radius: radius)
            for points in [
                set.project(many + random(200, 2, 1), around: many), set.randomPoints(around: many, keys: keys),
                set.randomEdges(around: many, keys: keys),
            ] { #expect(set.contains(points, around: many).allSatisfy { $0 }, "\(norm) \(radius)") }
        }
    }

    @Test("What lies inside is not moved")
    func leavesWhatIsInside() {
        for norm in PerturbationNorm.allCases {
            let point = Tensor([0.25, 0.9, 0, 0.5, 0.65, 1] as [Float], shape: [1, 6])
            let moved = PerturbationSet(norm, radius: 0.2).project(point, around: x)
            #expect(zip(moved.elements, point.elements).allSatisfy { abs($0 - $1) < 1e-7 }, "\(norm)")
        }
    }

    @Test("The projection onto the L1 ball within bounds is nearer than thousands of other points of the set")
    func nearestInL1() {
        let set = PerturbationSet(.l1, radius: 0.6)
        for seed in 0..<20 as Range<UInt64> {
            let point = x + random(1, 1.5, 100 + seed)
            let found = set.project(point, around: x)
            let best = PerturbationNorm.l2.distances(found, from: point)[0]
            let many = x.gathered([Int](repeating: 0, count: 500))
            let points = point.gathered([Int](repeating: 0, count: 500))
            // Points near the projection, brought back into the set by scaling and clipping.
            let near = found.gathered([Int](repeating: 0, count: 500)) + random(500, 0.05, seed)
            let clipped = near.clamped(to: 0...1)
            let sizes = PerturbationNorm.l1.distances(clipped, from: many)
            let scaled = clipped.mapRows(many) { row, out, y, x, _ in
                let scale = Float(min(1, 0.6 / sizes[row]))
                for index in y.indices { out[index] = x[index] + scale * (y[index] - x[index]) }
            }
            let others = PerturbationNorm.l2.distances(scaled, from: points)
            #expect((others.min() ?? 0) >= best - 1e-6, "\(seed)")
        }
    }

    @Test("Changes of full size have full size where bounds do not cut them")
    func fullSize() {
        let middle = Tensor(repeating: 0.5, shape: [1, 6])
        for norm in PerturbationNorm.allCases {
            let set = PerturbationSet(norm, radius: 0.3)
            let size = norm.distances(set.randomEdges(around: middle, keys: [RandomKey(4)]), from: middle)[0]
            #expect(abs(size - 0.3) < 1e-5, "\(norm)")
        }
    }

    @Test("The projection onto a hyperplane reaches it with the smallest change, or goes as far as bounds allow")
    func hyperplane() {
        for norm in PerturbationNorm.allCases {
            let project = HyperplaneProjection(norm: norm, bounds: 0...1)
            var random = RandomKey(8).generator()
            for trial in 0..<50 {
                let g = Tensor((0..<6).map { _ in Float(random.normal()) }, shape: [1, 6])
                let goal = 0.5 * random.normal()
                var size = 0.0
                let change = x.mapRows(g) { _, out, x, g, _ in size = project(x, g, goal, into: out) }
                let gain = change.dot(g)
                let reach = zip(x.elements, g.elements).reduce(0.0) { sum, pair in
                    let slope = Double(pair.1) * (goal < 0 ? -1 : 1)
                    return sum + slope * (slope > 0 ? 1 - Double(pair.0) : -Double(pair.0))
                }
                #expect(abs(abs(gain) - min(abs(goal), reach)) < 1e-5, "\(norm) \(trial)")
                #expect(abs(size - norm.distances(x + change, from: x)[0]) < 1e-5)
                // No change can gain more than its size times the gradient's length in the dual norm.
                var dual = 0.0
                g.forEachRow { _, g, _, _ in dual = norm.dualLength(g) }
                #expect(size * dual >= abs(gain) - 1e-5)
            }
        }
    }
}
