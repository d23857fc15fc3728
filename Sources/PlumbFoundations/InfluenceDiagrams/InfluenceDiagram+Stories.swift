extension InfluenceDiagram {
    /// A diagram from its edges alone, nodes in the order in which they are named.
    private static func story(_ edges: [String], decision: String, utility: String) throws -> InfluenceDiagram {
        let pairs = edges.map { $0.split(separator: ">").map(String.init) }
        var names: [String] = []
        for name in pairs.joined() where !names.contains(name) { names.append(name) }
        return try InfluenceDiagram(
            names.map { ($0, $0 == decision ? .decision : $0 == utility ? .utility : .chance) },
            edges: pairs.map { ($0[0], $0[1]) })
    }

    /// A recommender of posts is rewarded for clicks, which depend on what the user thinks after having seen them.
    ///
    /// - Throws: ``FoundationsError``, which does not happen.
    public static func contentRecommender() throws -> InfluenceDiagram {
        try story(
            [
                "original opinions>influenced opinions", "original opinions>model", "model>posts",
                "posts>influenced opinions", "influenced opinions>clicks", "posts>clicks",
            ], decision: "posts", utility: "clicks")
    }

    /// The recommender rewarded for clicks that a model of the original opinions predicts: the path through the influenced
    /// opinions is cut.
    ///
    /// - Throws: ``FoundationsError``, which does not happen.
    public static func modifiedRecommender() throws -> InfluenceDiagram {
        try story(
            [
                "original opinions>influenced opinions", "original opinions>model", "model>posts",
                "posts>influenced opinions", "posts>clicks", "model>clicks",
            ], decision: "posts", utility: "clicks")
    }

    /// A university predicts grades from the high school, which depends on race, and from gender, which says nothing.
    ///
    /// - Throws: ``FoundationsError``, which does not happen.
    public static func gradePredictor() throws -> InfluenceDiagram {
        try story(
            [
                "race>high school", "high school>education", "high school>prediction", "education>grade",
                "grade>accuracy", "gender>prediction", "prediction>accuracy",
            ], decision: "prediction", utility: "accuracy")
    }

    /// A hidden sign, a noisy copy of it, and a guess that is worth 1 where right and -1 where wrong.
    ///
    /// - Parameter accuracy: how probably the copy is right.
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func noisyCopy(accuracy: Double) throws -> InfluenceModel {
        let diagram = try story(
            ["sign>copy", "copy>guess", "sign>worth", "guess>worth"], decision: "guess", utility: "worth")
        return try InfluenceModel(diagram, tables: [[0.5], [1 - accuracy, accuracy], [], [1, -1, -1, 1]])
    }
}
