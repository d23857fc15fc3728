extension ModalAgent {
    /// The players of the published table, in its order.
    public static let published: [ModalAgent] = [
        cooperateBot, defectBot, fairBot, prudentBot, justBot, trollBot, waitFairBot(1),
    ]

    /// What each of ``published`` does against each, the row's move first, as another program, written after Barasz et al.
    /// 2014, found it.
    public static let publishedMoves = [
        "CC CD CC CD CC CC CC", "DC DD DD DD DD DD DD", "CC DD CC CC CC DD CC", "DC DD CC CC CC DD DD",
        "CC DD CC CC CC DD CC", "CC DD DD DD DD DD DD", "CC DD CC DD CC DD CC",
    ].map { $0.split(separator: " ").map(String.init) }

    /// What each of ``published`` does against each, the row's move first.
    ///
    /// - Throws: ``FoundationsError`` where two players' moves refer to each other outside every box, which does not happen.
    public static func table() throws -> [[String]] {
        try published.map { row in try published.map { try row.plays($0).moves } }
    }
}
