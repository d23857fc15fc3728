public import PlumbTensor

extension InfluenceDiagram {
    /// A random diagram of five to eight nodes with one decision and one or two utilities, the last nodes.
    ///
    /// Nodes are numbered in causal order, and each edge forwards is there with probability 0.4 where its effect has fewer
    /// than three parents and its cause is no utility. `Scripts/record-pycid.py` draws the same diagrams.
    public static func random(using random: inout RandomKey.Generator) -> InfluenceDiagram {
        func index(_ bound: Int) -> Int { Int(random.uniform() * Double(bound)) }
        let count = 5 + index(4)
        let utilities = 1 + index(2)
        let decision = index(count - utilities)
        let kinds = (0..<count).map { node in
            node == decision ? Kind.decision : node >= count - utilities ? .utility : .chance
        }
        var parents = [[Int]](repeating: [], count: count)
        for effect in 1..<count {
            for cause in 0..<effect where kinds[cause] != .utility {
                let isDrawn = random.uniform() < 0.4
                if isDrawn, parents[effect].count < 3 { parents[effect].append(cause) }
            }
        }
        return InfluenceDiagram(names: (0..<count).map { "N\($0)" }, kinds: kinds, parents: parents)
    }

    /// The diagrams on which pycid's answers were recorded: the first `count` of 1,000.
    public static func recorded(_ count: Int) -> [InfluenceDiagram] {
        (0..<count).map { index in
            var generator = RandomKey(2021)["influence diagrams"][index].generator()
            return random(using: &generator)
        }
    }

    /// The incentives of the first decision as hexadecimal digits: for each incentive, in the order of ``Incentive``, two
    /// digits whose bit 2ⁱ stands for node i.
    ///
    /// - Throws: ``FoundationsError`` where several decisions lack sufficient recall.
    public func incentiveDigits() throws -> String {
        let decision = nodes(.decision)[0]
        return try Incentive.allCases.map { incentive in
            let bits = try nodes(admitting: incentive, decision: decision).reduce(0) { $0 | 1 << $1 }
            return (bits < 16 ? "0" : "") + String(bits, radix: 16)
        }.joined()
    }

    /// The share of the answers on the first `count` recorded diagrams, four for each node, that differ from pycid's.
    ///
    /// - Parameter shift: how many diagrams later the answers are that are compared: 0 for each diagram's own.
    /// - Throws: ``FoundationsError``, which does not happen.
    public static func shareUnlikePycid(of count: Int, shift: Int = 0) throws -> Double {
        let (diagrams, digits) = (recorded(count), Array(pycidAnswers))
        var different = 0
        for (index, diagram) in diagrams.enumerated() {
            let start = 8 * ((index + shift) % count)
            let found = UInt32(try diagram.incentiveDigits(), radix: 16) ?? 0
            different += (found ^ (UInt32(String(digits[start..<start + 8]), radix: 16) ?? 0)).nonzeroBitCount
        }
        return Double(different) / Double(4 * diagrams.reduce(0) { $0 + $1.names.count })
    }
}
