/// Tokens that the peers' scripts draw too: those of a linear congruence.
enum SharedTokens {
    /// So many tokens of a seed, each from 1000 to 8999.
    static func drawn(_ count: Int, seed: Int) -> [Int] {
        var state = seed
        return (0..<count).map { _ in
            state = (1_103_515_245 * state + 12_345) % 2_147_483_648
            return 1000 + state / 65_536 % 8000
        }
    }
}
