import PlumbRecords

/// Where the nodes of a directed graph stand: in ranks along the arrows, ordered within a rank so that few arrows cross.
///
/// The layered method of Sugiyama, Tagawa and Toda (1981): ranks by longest paths, places between ranks for long arrows,
/// orders by the mean of the neighbors, and the least-squares positions that keep the nodes apart.
struct GraphLayout {
    /// What stands in a rank: a node, or the passage of a long arrow.
    struct Place {
        /// The node; nil for a passage.
        var node: Int?
        var rank: Int
        /// Along the ranks' direction: a node's extent across it.
        var breadth: Double
        /// The middle, across the ranks' direction.
        var position = 0.0
    }

    private(set) var places: [Place]
    /// For each arrow that can be drawn, its number and the places it passes, both ends included.
    private(set) var routes: [(edge: Int, places: [Int])] = []
    private(set) var ranks: [[Int]] = []
    private var neighbors: [[Int]]
    /// Longer detours than these are drawn straight.
    private static let mostPassages = 2_000

    /// - Parameters:
    ///   - count: how many nodes there are.
    ///   - edges: from and to, as numbers of nodes below `count`; an arrow from a node to itself is left out.
    ///   - breadths: each node's extent across the ranks' direction.
    ///   - gap: the least distance between two nodes of a rank.
    init(count: Int, edges: [(from: Int, to: Int)?], breadths: [Double], gap: Double) {
        let drawn = edges.enumerated().compactMap { index, edge in
            edge.flatMap { $0.from == $0.to ? nil : (index: index, from: $0.from, to: $0.to) }
        }
        let rank = Self.ranks(count, drawn.map { ($0.from, $0.to) })
        places = (0..<count).map { Place(node: $0, rank: rank[$0], breadth: breadths[$0]) }
        neighbors = Array(repeating: [], count: count)
        var passages = 0
        for edge in drawn {
            let (low, high) = (min(rank[edge.from], rank[edge.to]), max(rank[edge.from], rank[edge.to]))
            let between = max(0, high - low - 1)
            let isRouted = passages + between <= Self.mostPassages
            passages += isRouted ? between : 0
            let middle = isRouted ? (0..<between).map { addPassage(rank: low + 1 + $0) } : []
            let route = [edge.from] + (rank[edge.from] < rank[edge.to] ? middle : middle.reversed()) + [edge.to]
            if isRouted || between == 0 {
                for (a, b) in zip(route, route.dropFirst()) where places[a].rank != places[b].rank {
                    neighbors[a].append(b)
                    neighbors[b].append(a)
                }
            }
            routes.append((edge.index, route))
        }
        ranks = Array(repeating: [], count: (places.map(\.rank).max() ?? -1) + 1)
        for (index, place) in places.enumerated() { ranks[place.rank].append(index) }
        order()
        position(gap: gap)
    }

    private mutating func addPassage(rank: Int) -> Int {
        places.append(Place(node: nil, rank: rank, breadth: 2))
        neighbors.append([])
        return places.count - 1
    }

    /// The longest path that leads to each node, arrows that close a cycle left out.
    private static func ranks(_ count: Int, _ edges: [(from: Int, to: Int)]) -> [Int] {
        var next = Array(repeating: [Int](), count: count)
        for edge in edges { next[edge.from].append(edge.to) }
        // Depth first, without recursion: nodes in the order in which they are left, the last first.
        var (state, left) = (Array(repeating: 0, count: count), [Int]())
        var forward = Array(repeating: [Int](), count: count)
        for root in 0..<count where state[root] == 0 {
            var stack = [(node: root, child: 0)]
            state[root] = 1
            while let top = stack.last {
                guard top.child < next[top.node].count else {
                    state[top.node] = 2
                    left.append(top.node)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].child += 1
                let child = next[top.node][top.child]
                if state[child] != 1 { forward[top.node].append(child) }
                if state[child] == 0 {
                    state[child] = 1
                    stack.append((child, 0))
                }
            }
        }
        var rank = Array(repeating: 0, count: count)
        for node in left.reversed() {
            for child in forward[node] { rank[child] = max(rank[child], rank[node] + 1) }
        }
        return rank
    }

    /// Orders each rank by the mean place of the neighbors in the rank before, to and fro.
    private mutating func order() {
        var slot = Array(repeating: 0.0, count: places.count)
        func number(_ rank: [Int]) { for (index, place) in rank.enumerated() { slot[place] = Double(index) } }
        for rank in ranks { number(rank) }
        for sweep in 0..<8 {
            let isDown = sweep % 2 == 0
            for index in isDown ? Array(ranks.indices.dropFirst()) : ranks.indices.dropLast().reversed() {
                let before = index + (isDown ? -1 : 1)
                let keyed = ranks[index].map { place in
                    let found = neighbors[place].filter { places[$0].rank == before }.map { slot[$0] }
                    return (place, found.isEmpty ? slot[place] : found.reduce(0, +) / Double(found.count))
                }
                // Places of one mean keep their order.
                ranks[index] = keyed.enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }
                    .map(\.element.0)
                number(ranks[index])
            }
        }
    }

    /// Moves each place to the mean of its neighbors as far as the distances within its rank allow.
    private mutating func position(gap: Double) {
        for rank in ranks { spread(rank, gap: gap, wished: Array(repeating: 0, count: rank.count)) }
        for sweep in 0..<12 {
            for index in sweep % 2 == 0 ? Array(ranks.indices) : ranks.indices.reversed() {
                let wished = ranks[index].map { place in
                    let found = neighbors[place].map { places[$0].position }
                    return found.isEmpty ? places[place].position : found.reduce(0, +) / Double(found.count)
                }
                spread(ranks[index], gap: gap, wished: wished)
            }
        }
        let least = places.map { $0.position - $0.breadth / 2 }.min() ?? 0
        for index in places.indices { places[index].position -= least }
    }

    /// The positions nearest to the wished ones, by least squares, that keep the distances: isotonic regression by pooling
    /// neighbors that would overlap.
    private mutating func spread(_ rank: [Int], gap: Double, wished: [Double]) {
        var (offset, offsets) = (0.0, [Double]())
        for (index, place) in rank.enumerated() {
            if index > 0 { offset += (places[rank[index - 1]].breadth + places[place].breadth) / 2 + gap }
            offsets.append(offset)
        }
        var pools: [(sum: Double, count: Double)] = []
        for (wish, offset) in zip(wished, offsets) {
            pools.append((wish - offset, 1))
            while pools.count > 1, let last = pools.last,
                pools[pools.count - 2].sum / pools[pools.count - 2].count > last.sum / last.count
            {
                pools.removeLast()
                pools[pools.count - 1].sum += last.sum
                pools[pools.count - 1].count += last.count
            }
        }
        let levels = pools.flatMap { Array(repeating: $0.sum / $0.count, count: Int($0.count)) }
        for (index, place) in rank.enumerated() { places[place].position = levels[index] + offsets[index] }
    }
}
