import Foundation
import PlumbBasics
import Testing

@Suite struct CaseValuesTests {
    private enum Side: String, CaseIterable, Sendable { case left, right }

    @Test func everyCaseHasAValue() {
        var values = CaseValues<Side, Int> { $0 == .left ? 1 : 2 }
        values[.right] += 5
        #expect(values[.left] == 1 && values[.right] == 7)
        #expect(values.all.map(\.key) == [.left, .right] && values.mapValues { -$0 }.all.map(\.value) == [-1, -7])
    }

    @Test func itIsAnObjectOfRawValues() throws {
        let values = CaseValues<Side, Double> { $0 == .left ? 0.5 : 2 }
        let data = try JSONEncoder().encode(values)
        #expect(try JSONDecoder().decode([String: Double].self, from: data) == ["left": 0.5, "right": 2])
        #expect(try JSONDecoder().decode(CaseValues<Side, Double>.self, from: data) == values)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(CaseValues<Side, Double>.self, from: Data(#"{"left": 1}"#.utf8))
        }
    }
}
