/// The general category of every scalar, from the repository's own table: ids must not change with the toolchain.
enum GeneralCategory {
    /// The categories' names; a category's number is its place here.
    static let names = [
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
        "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
    ]

    /// The number of each scalar's category; made at first use.
    static let standard: ScalarTable = {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        var next = 0
        for run in runs {
            let end = min(next + Int(run / 32), flat.count)
            for scalar in next..<end { flat[scalar] = UInt8(run % 32) }
            next = end
        }
        return ScalarTable(flat)
    }()

    /// One bit for each category of the name: "Lu" is one, "L" all that begin with it; nil for a name unknown.
    static func mask(named name: String) -> UInt32? {
        var mask: UInt32 = 0
        for (number, category) in names.enumerated() where category == name || category.prefix(1) == name {
            mask |= 1 << UInt32(number)
        }
        return mask == 0 ? nil : mask
    }
}
