internal import PlumbBasics
public import PlumbRecords

/// A world on a grid that can be shown as rows of characters.
public protocol RenderableWorld: World {
    /// What the characters mean.
    var legend: [GridFigure.Glyph] { get }
    /// The characters of each row, all rows of one length.
    func rows(of state: State) -> [String]
    /// Where the agent is.
    func place(of state: State) -> GridFigure.Cell
}

extension RenderableWorld {
    /// The first of `states` as a grid, with the agent's way through all of them.
    ///
    /// - Precondition: there is a state.
    public func panel(_ title: String, along states: [State]) -> GridFigure.Panel {
        require(!states.isEmpty, "a path needs at least the state it begins in")
        return GridFigure.Panel(title, rows: rows(of: states[0]), path: states.map(place))
    }
}
