internal import PlumbTensor

/// One ascent of APGD from given points.
struct AutoPGDAscent {
    let set: PerturbationSet
    let loss: AttackLoss
    let steps: Int
    /// A class for each sample that the ascent begins with, where the loss has a target.
    let targets: [Int]?
    /// Whether points of this ascent lie in the attack's own set, so that broken ones end the search for their sample.
    let finds: Bool

    /// What each sample carries along.
    private struct State {
        var x: Tensor, previous: Tensor, gradient: Tensor, best: Tensor, bestGradient: Tensor
        var originals: Tensor
        var bestLoss: [Float], lastLoss: [Float], lossAtCheck: [Float]
        var length: [Double], rises: [Int], isHalved: [Bool], sparsity: [Int]
        var targets: [Int]?
        /// The place of each sample among those that the ascent began with.
        var places: [Int]

        mutating func keep(_ rows: [Int]) {
            guard rows.count < places.count, !rows.isEmpty else { return }
            for path in [\State.x, \.previous, \.gradient, \.best, \.bestGradient, \.originals] {
                self[keyPath: path] = self[keyPath: path].gathered(rows)
            }
            for path in [\State.bestLoss, \.lastLoss, \.lossAtCheck] {
                self[keyPath: path] = rows.map { self[keyPath: path][$0] }
            }
            for path in [\State.rises, \.sparsity, \.places] {
                self[keyPath: path] = rows.map { self[keyPath: path][$0] }
            }
            length = rows.map { length[$0] }
            isHalved = rows.map { isHalved[$0] }
            if let all = targets { targets = rows.map { all[$0] } }
        }
    }

    /// Ascends from `start`, a point for each open sample of the search; gives the points with the greatest loss.
    func run(_ search: inout AttackSearch, from start: Tensor, _ queries: inout ModelQueries) -> Tensor {
        search.begin(at: start)
        var result = start
        var state = begin(start, search.task.images)
        var (window, sinceCheck) = (max(Int(0.22 * Double(steps)), 1), 0)
        let (least, fall) = (max(Int(0.06 * Double(steps)), 1), max(Int(0.03 * Double(steps)), 1))
        if set.norm == .l1 { window = max(Int(0.04 * Double(steps)), 1) }
        for step in 0...steps {
            search.points = state.x
            let found = queries.ascent(
                loss, state.x, labels: search.task.labels, targets: search.task.targets ?? state.targets)
            take(found.losses, found.gradient, step, &state)
            if finds {
                let kept = search.judge(found.logits, losses: found.losses)
                guard !kept.isEmpty else { return result }
                state.keep(kept)
            }
            result.set(state.places, to: state.best)
            guard step < steps else { break }
            sinceCheck += step > 0 ? 1 : 0
            if sinceCheck == window {
                check(&state, window)
                sinceCheck = 0
                if set.norm != .l1 { window = max(window - fall, least) }
            }
            move(&state, step)
        }
        return result
    }

    private func begin(_ start: Tensor, _ originals: Tensor) -> State {
        let count = start.rowCount
        let length = set.norm == .l1 ? set.radius : 2 * set.radius
        return State(
            x: start, previous: start, gradient: start, best: start, bestGradient: start, originals: originals,
            bestLoss: [Float](repeating: -.infinity, count: count),
            lastLoss: [Float](repeating: -.infinity, count: count),
            lossAtCheck: [Float](repeating: -.infinity, count: count),
            length: [Double](repeating: length, count: count), rises: [Int](repeating: 0, count: count),
            isHalved: [Bool](repeating: true, count: count),
            sparsity: [Int](repeating: max(1, start.rowWidth / 5), count: count), targets: targets,
            places: Array(0..<count))
    }

    /// Notes the losses and gradients at the points of a step.
    private func take(_ losses: [Float], _ gradient: Tensor, _ step: Int, _ state: inout State) {
        state.gradient = gradient
        let better = losses.indices.filter { losses[$0] > state.bestLoss[$0] || step == 0 }
        for row in losses.indices where step > 0 && losses[row] > state.lastLoss[row] { state.rises[row] += 1 }
        for row in better { state.bestLoss[row] = losses[row] }
        if !better.isEmpty {
            state.best.set(better, to: state.x.gathered(better))
            state.bestGradient.set(better, to: gradient.gathered(better))
        }
        state.lastLoss = losses
        if step == 0 { state.lossAtCheck = losses }
    }

    /// Shortens steps that no longer help, and returns those samples to their best points.
    private func check(_ state: inout State, _ window: Int) {
        var back: [Int] = []
        if set.norm == .l1 {
            back = checkSparse(&state)
        } else {
            for row in state.places.indices {
                let rarelyRises = Double(state.rises[row]) <= 0.75 * Double(window)
                let isStuck = !state.isHalved[row] && state.lossAtCheck[row] >= state.bestLoss[row]
                state.isHalved[row] = rarelyRises || isStuck
                if state.isHalved[row] {
                    state.length[row] /= 2
                    back.append(row)
                }
            }
        }
        state.lossAtCheck = state.bestLoss
        state.rises = [Int](repeating: 0, count: state.rises.count)
        guard !back.isEmpty else { return }
        state.x.set(back, to: state.best.gathered(back))
        state.gradient.set(back, to: state.bestGradient.gathered(back))
    }

    /// For L1: steps become as sparse as the best change, and shorter where that is no sparser than before.
    private func checkSparse(_ state: inout State) -> [Int] {
        var changed: [Int] = []
        state.best.forEachRow(state.originals) { _, best, x, _ in
            changed.append(x.indices.count { best[$0] != x[$0] })
        }
        var back: [Int] = []
        for row in changed.indices {
            let sparsity = max(1, Int(Double(changed[row]) / 1.5))
            let isSparser = Double(sparsity) < 0.95 * Double(state.sparsity[row])
            state.sparsity[row] = sparsity
            state.length[row] = isSparser ? set.radius : max(set.radius / 10, state.length[row] / 1.5)
            if isSparser { back.append(row) }
        }
        return back
    }

    /// `z = P(x + η s(g))`, `x ← P(x + ¾ (z − x) + ¼ (x − x₋₁))`; the first step has no momentum, nor have steps in L1.
    private func move(_ state: inout State, _ step: Int) {
        let ahead = set.project(
            set.stepped(state.x, along: state.gradient, by: state.length, sparsity: state.sparsity),
            around: state.originals)
        var next = ahead
        if step > 0, set.norm != .l1 {
            let mixed = state.x.mapRows(ahead, state.previous) { _, out, x, ahead, previous in
                for index in x.indices {
                    out[index] = x[index] + 0.75 * (ahead[index] - x[index]) + 0.25 * (x[index] - previous[index])
                }
            }
            next = set.project(mixed, around: state.originals)
        }
        (state.previous, state.x) = (state.x, next)
    }
}
