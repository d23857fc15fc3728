import PlumbTensor
import Testing

@Suite("Editing rows")
struct RowEditingTests {
    private let source = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])

    @Test("Rows are taken into a block of columns, and no other element changes") func replace() {
        var target = Tensor.zeros([3, 4])
        target.replaceRows(1..<3, fromColumn: 1, with: source, from: 1)
        #expect(target.elements == [0, 0, 0, 0, 0, 3, 4, 0, 0, 5, 6, 0])
        target.replaceRows(0..<0, with: source)
        #expect(target.elements[0] == 0)
    }

    @Test("A multiple of rows is added, and a copy made before keeps its elements") func add() {
        var target = Tensor([10, 10, 20, 20, 30, 30], shape: [3, 2])
        let before = target
        target.addRows(0..<2, of: source, from: 1, scale: -2)
        #expect(target.elements == [4, 2, 10, 8, 30, 30])
        #expect(before.elements == [10, 10, 20, 20, 30, 30])
    }
}
