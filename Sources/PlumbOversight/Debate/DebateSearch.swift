internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// Debates about one picture whose debaters choose pixels by Monte Carlo tree search, many debates side by side.
///
/// PUCT chooses in the tree: the mean value of a move, plus its prior times `exploration · √visits / (1 + visits of the
/// move)`. Priors are a softmax of what each pixel would add to the judge's margin to first order. A new state is valued by
/// showing random pixels to the end: the judge's probability of the truth between the two claims, scaled to -1 … 1. States
/// are sets of pixels, whose statistics are shared by all orders of showing them. The move made is the one visited most;
/// the last move is chosen by looking at all.
///
/// Sources: Irving, Christiano, Amodei 2018, *AI safety via debate*, arXiv:1805.00899; Silver et al. 2017, *Mastering Chess
/// and Shogi by Self-Play with a General Reinforcement Learning Algorithm*, arXiv:1712.01815 (PUCT).
struct DebateSearch {
    /// A debate: what is claimed against the truth, and whose turns there are.
    struct Game: Sendable {
        /// The liar's claim; `nil` where it need not commit itself to one.
        var lie: Int?
        /// Whether each turn is the honest debater's.
        var honestTurns: [Bool]
    }

    let judged: DebateJudge.JudgedPicture
    let label: Int
    var rollouts: Int
    var exploration: Float
    /// By what effects are divided in the softmax of the priors, in logits.
    var temperature: Float

    /// What is known of a state: of each pixel how often it was shown next, the sum of the values, and its prior.
    private struct Node {
        var visits: [Float]
        var totals: [Float]
        var priors: [Float]
        var allVisits: Float = 0
        var allTotals: Float = 0

        init(_ count: Int) {
            visits = [Float](repeating: 0, count: count)
            (totals, priors) = (visits, visits)
        }
    }

    private struct Tree {
        let game: Game
        var shown: [Int] = []
        var places: [[Int]: Int] = [:]
        var nodes: [Node] = []
        var random: RandomKey.Generator
    }

    /// The margins of the truth at the end of each debate; above 0 the honest debater wins.
    func play(_ games: [Game], key: RandomKey, checkpoint: () throws -> Void = {}) throws -> [Float] {
        let turns = games.first?.honestTurns.count ?? 0
        require(
            games.allSatisfy { $0.honestTurns.count == turns } && turns <= judged.pixels.count,
            "debates side by side need as many turns each, and no more than pixels, got \(games.map(\.honestTurns.count))"
        )
        var trees = games.enumerated().map { Tree(game: $1, random: key[$0].generator()) }
        for turn in 0..<turns {
            try checkpoint()
            if turn < turns - 1 {
                for _ in 0..<rollouts { rollOut(&trees, turns) }
                for index in trees.indices { trees[index].shown.append(mostVisited(trees[index])) }
            } else {
                showLast(&trees)
            }
        }
        return margins(judged.logits(judged.sums(trees.map(\.shown))), trees.map(\.game))
    }

    /// One rollout in every tree; what the judge is asked of all trees is computed together.
    private func rollOut(_ trees: inout [Tree], _ turns: Int) {
        var (paths, ends, new): ([[(node: Int, pixel: Int)]], [[Int]], [(tree: Int, node: Int, set: [Int])]) = (
            [], [], []
        )
        for index in trees.indices {
            var (path, set): ([(node: Int, pixel: Int)], [Int]) = ([], trees[index].shown)
            while set.count < turns {
                let state = set.sorted()
                guard let node = trees[index].places[state] else {
                    trees[index].places[state] = trees[index].nodes.count
                    new.append((index, trees[index].nodes.count, set))
                    trees[index].nodes.append(Node(judged.pixels.count))
                    break
                }
                let isHonest = trees[index].game.honestTurns[set.count]
                let pixel = chosen(trees[index].nodes[node], besides: set, isHonest: isHonest)
                path.append((node, pixel))
                set.append(pixel)
            }
            while set.count < turns {
                let pixel = trees[index].random.index(below: judged.pixels.count)
                if !set.contains(pixel) { set.append(pixel) }
            }
            paths.append(path)
            ends.append(set)
        }
        if !new.isEmpty { setPriors(&trees, new) }
        let margins = margins(judged.logits(judged.sums(ends)), trees.map(\.game))
        for (index, path) in paths.enumerated() {
            let value = Foundation.tanh(margins[index] / 2)
            for (node, pixel) in path {
                trees[index].nodes[node].visits[pixel] += 1
                trees[index].nodes[node].totals[pixel] += value
                trees[index].nodes[node].allVisits += 1
                trees[index].nodes[node].allTotals += value
            }
        }
    }

    /// PUCT. A move that was never made has the mean value of its state.
    private func chosen(_ node: Node, besides shown: [Int], isHonest: Bool) -> Int {
        let sign: Float = isHonest ? 1 : -1
        let unknown = node.allVisits > 0 ? sign * node.allTotals / node.allVisits : 0
        let scale = exploration * (node.allVisits + 1).squareRoot()
        var (best, most) = (0, -Float.infinity)
        for pixel in node.visits.indices where !shown.contains(pixel) {
            let visits = node.visits[pixel]
            let mean = visits > 0 ? sign * node.totals[pixel] / visits : unknown
            let score = mean + scale * node.priors[pixel] / (1 + visits)
            if score > most { (best, most) = (pixel, score) }
        }
        return best
    }

    private func mostVisited(_ tree: Tree) -> Int {
        let free = judged.pixels.indices.filter { !tree.shown.contains($0) }
        guard let place = tree.places[tree.shown.sorted()] else { return free[0] }
        let visits = tree.nodes[place].visits
        return free.reduce(free[0]) { visits[$1] > visits[$0] ? $1 : $0 }
    }

    /// Priors of new states: the effect of a pixel is its contribution to the first layer along the margin's gradient.
    private func setPriors(_ trees: inout [Tree], _ new: [(tree: Int, node: Int, set: [Int])]) {
        let games = new.map { trees[$0.tree].game }
        let slopes = gradient(at: judged.sums(new.map(\.set))) { sums in
            let logits = judged.logits(sums)
            return (logits * coefficients(logits.detached(), games)).summed()
        }
        let effects = slopes.matmul(transposed: judged.contributions).elements
        let count = judged.pixels.count
        for (row, entry) in new.enumerated() {
            let sign: Float = trees[entry.tree].game.honestTurns[entry.set.count] ? 1 : -1
            var priors = [Float](repeating: 0, count: count)
            let free = (0..<count).filter { !entry.set.contains($0) }
            let most = free.map { sign * effects[row * count + $0] }.max() ?? 0
            for pixel in free {
                priors[pixel] = Foundation.exp((sign * effects[row * count + pixel] - most) / temperature)
            }
            let sum = priors.reduce(0, +)
            trees[entry.tree].nodes[entry.node].priors = priors.map { $0 / sum }
        }
    }

    /// 1 at the truth and -1 at the lie, or at the most probable lie.
    private func coefficients(_ logits: Tensor, _ games: [Game]) -> Tensor {
        let (values, classes) = (logits.elements, logits.shape[1])
        var coefficients = [Float](repeating: 0, count: values.count)
        for (row, game) in games.enumerated() {
            let others = (0..<classes).filter { $0 != label }
            let lie =
                game.lie
                ?? others.reduce(others[0]) { values[row * classes + $1] > values[row * classes + $0] ? $1 : $0 }
            (coefficients[row * classes + label], coefficients[row * classes + lie]) = (1, -1)
        }
        return Tensor(coefficients, shape: logits.shape)
    }

    private func margins(_ logits: Tensor, _ games: [Game]) -> [Float] {
        let classes = logits.shape[1]
        let margins = logits.elements.margins(for: label, classes: classes)
        return games.enumerated().map { row, game in margins[row * classes + (game.lie ?? label)] }
    }

    /// The last move of each debate: the best of all pixels left.
    private func showLast(_ trees: inout [Tree]) {
        for index in trees.indices {
            let (game, shown) = (trees[index].game, trees[index].shown)
            let free = judged.pixels.indices.filter { !shown.contains($0) }
            let margins = margins(
                judged.logits(judged.sums(free.map { shown + [$0] })), free.map { _ in game })
            let isHonest = game.honestTurns[shown.count]
            let best = free.indices.reduce(0) {
                (margins[$1] > margins[$0]) == isHonest && margins[$1] != margins[$0] ? $1 : $0
            }
            trees[index].shown.append(free[best])
        }
    }
}
