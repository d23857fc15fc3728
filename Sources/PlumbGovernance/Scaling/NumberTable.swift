internal import Foundation

/// Columns of numbers from a text of comma-separated values whose first line names them.
public struct NumberTable: Sendable, Equatable {
    /// The numbers of each asked column, in the order asked.
    public let columns: [[Double]]

    /// Reads the named columns; others are left out, and so are empty lines.
    ///
    /// - Parameter name: what the text is called, for errors.
    /// - Throws: ``GovernanceError`` naming a missing column, or the line with a cell that is no number.
    public init(_ text: String, columns names: [String], of name: String) throws {
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }
        guard let header = lines.first else {
            throw GovernanceError("\(name) is empty: its first line names the columns \(names.joined(separator: ", "))")
        }
        var places: [Int] = []
        for requested in names {
            guard let place = header.firstIndex(of: requested) else {
                throw GovernanceError(
                    "\(name) has no column \(requested): its first line must name \(names.joined(separator: ", ")), found "
                        + header.joined(separator: ", "))
            }
            places.append(place)
        }
        var columns = names.map { _ in [Double]() }
        for (number, cells) in lines.enumerated().dropFirst() {
            for (column, place) in places.enumerated() {
                guard place < cells.count, let value = Double(cells[place]), value.isFinite else {
                    let found = place < cells.count ? "\"\(cells[place])\"" : "nothing"
                    throw GovernanceError(
                        "\(name) has \(found) in column \(names[column]) of line \(number + 1): a number is expected")
                }
                columns[column].append(value)
            }
        }
        self.columns = columns
    }
}
