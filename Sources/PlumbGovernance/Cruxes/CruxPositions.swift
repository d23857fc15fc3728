public import PlumbRecords

/// Who holds which credences in the six premises of Carlsmith's argument (2022, *Is Power-Seeking AI an Existential
/// Risk?*, arXiv:2206.13353).
public struct CruxPositions: SettingGroup {
    @Setting("Carlsmith's credences of 2021, premise by premise.", -1000...1000) public var carlsmith = [
        0.65, 0.8, 0.4, 0.65, 0.4, 0.95,
    ]
    @Setting("Superforecasters', who differ most on premises 3 and 4.", -1000...1000)
    public var superforecasters = [0.65, 0.8, 0.25, 0.35, 0.4, 0.95]
    @Setting("Of someone who expects alignment by default; an illustration.", -1000...1000)
    public var byDefault = [0.65, 0.8, 0.1, 0.3, 0.3, 0.95]
    @Setting("Of someone who holds alignment for impossible; an illustration.", -1000...1000)
    public var impossible = [0.8, 0.9, 0.95, 0.9, 0.8, 0.95]

    /// The credences of the page.
    public init() {}

    /// The camps' names.
    public static let names = ["Carlsmith", "superforecasters", "by default", "impossible"]
    /// What each premise says, given those before it.
    public static let premises = [
        "1 advanced agents possible", "2 incentives to build them", "3 alignment harder", "4 some seek power",
        "5 power lost to them", "6 a catastrophe",
    ]

    /// The camps' arguments.
    ///
    /// - Throws: ``GovernanceError`` for a credence that is no probability, or a wrong number of them.
    public func camps() throws -> [Argument] {
        try zip(Self.names, [carlsmith, superforecasters, byDefault, impossible]).map { name, credences in
            guard credences.count == Self.premises.count else {
                throw GovernanceError(
                    "\(name) has \(credences.count) credences: the argument has \(Self.premises.count) premises")
            }
            return try Argument(credences, of: name)
        }
    }
}
