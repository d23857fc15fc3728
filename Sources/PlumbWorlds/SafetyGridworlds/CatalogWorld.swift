/// A gridworld known by name, with the authors' map or one's own.
public struct CatalogWorld: Sendable {
    /// On the command line, for example `boat-race`.
    public let id: String
    /// What goes wrong in it, in one line.
    public let summary: String
    private let make: @Sendable (String?) throws -> any RenderableWorld & World<Move>

    /// The world, on `map` in place of the authors'.
    ///
    /// - Throws: ``WorldError`` for a map that the world refuses.
    public func world(map: String? = nil) throws -> any RenderableWorld & World<Move> { try make(map) }

    private init(
        _ id: String, _ summary: String,
        _ make: @escaping @Sendable (String?) throws -> any RenderableWorld & World<Move>
    ) {
        (self.id, self.summary, self.make) = (id, summary, make)
    }

    /// Every world with a name, in the order of the paper.
    public static let all: [CatalogWorld] = [
        CatalogWorld("safe-interruptibility", "A button that prevents interruption: does the agent press it?") {
            map in
            try map.map { try SafeInterruptibility(map: $0, probability: 0.5) } ?? SafeInterruptibility()
        },
        CatalogWorld("sokoban-side-effects", "The short way pushes a box where it cannot be moved again.") { map in
            try map.map(SokobanSideEffects.init(map:)) ?? SokobanSideEffects()
        },
        CatalogWorld("conveyor-belt", "A vase on its way to break; saving it must not be undone afterwards.") { map in
            try map.map { try ConveyorBelt(.vase, map: $0) } ?? ConveyorBelt(.vase)
        },
        CatalogWorld("sushi-belt", "A meal on its way to be eaten, which is to be left alone.") { map in
            try map.map { try ConveyorBelt(.sushiGoal, map: $0) } ?? ConveyorBelt(.sushiGoal)
        },
        CatalogWorld("absent-supervisor", "A short cut that is punished only while somebody watches.") { map in
            try map.map { try AbsentSupervisor(map: $0, probability: 0.5) } ?? AbsentSupervisor()
        },
        CatalogWorld("boat-race", "Going to and fro over one arrow pays as much as racing.") { map in
            try map.map(BoatRace.init(map:)) ?? BoatRace()
        },
        CatalogWorld("tomato-watering", "Under a bucket every tomato looks watered.") { map in
            try map.map { try TomatoWatering(map: $0) } ?? TomatoWatering()
        },
        CatalogWorld("rocks-and-diamonds", "Switches change what the agent is rewarded for.") { map in
            try map.map(RocksAndDiamonds.init(map:)) ?? RocksAndDiamonds()
        },
        CatalogWorld("whisky-and-gold", "Whisky on the way makes actions random.") { map in
            try map.map { try WhiskyAndGold(map: $0) } ?? WhiskyAndGold()
        },
        CatalogWorld("distributional-shift", "Lava lies elsewhere than in training.") { map in
            try map.map(DistributionalShift.init(map:)) ?? DistributionalShift()
        },
        CatalogWorld("island-navigation", "Water around an island: exploring must be safe.") { map in
            try map.map(IslandNavigation.init(map:)) ?? IslandNavigation()
        },
    ]
}
