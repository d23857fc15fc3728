/// Why bounds cannot be computed.
public struct BoundError: Error, CustomStringConvertible, Equatable {
    /// What was found, and what to do about it.
    public let description: String

    /// An error that says `description`.
    public init(_ description: String) { self.description = description }
}
