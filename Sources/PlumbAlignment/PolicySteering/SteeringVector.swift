/// What is done to an agent at every step of an episode. All vectors have the length of the maze's own goal vector, and
/// are subtracted unless the case says otherwise.
public enum SteeringVector: String, CaseIterable, Codable, Sendable, CodingKeyRepresentable {
    /// Nothing.
    case none
    /// The maze's own goal vector.
    case own
    /// The maze's own goal vector, added.
    case added
    /// The goal vector of another test maze, whose cheese as a rule lies elsewhere.
    case anotherMaze
    /// The goal vector of yet another test maze: how much two such vectors differ by chance.
    case secondOtherMaze
    /// The goal vector of another maze, whose cheese lies on the same cell.
    case sameCheese
    /// A random vector with the activations' covariance.
    case covariance
    /// Another draw of such a vector.
    case secondCovariance
    /// A random vector, all directions being equally likely.
    case isotropic
    /// No vector: the cheese is taken out of what the network sees.
    case unseen
}
