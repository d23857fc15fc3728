import PlumbTensor
import Testing

@Suite("Standardization") struct StandardizationTests {
    @Test("Columns get mean 0 and deviation 1, and one that does not vary becomes 0") func columns() {
        let rows = DoubleMatrix([1, 5, 3, 5], rows: 2, columns: 2)
        let standard = Standardization(of: rows)
        #expect(standard(rows).elements == [-1, 0, 1, 0])
        #expect(Tensor(standard(rows)) == Tensor([-1, 0, 1, 0], shape: [2, 2]))
        #expect(
            Standardization(of: rows, scales: false)(DoubleMatrix([4, 6], rows: 1, columns: 2)).elements == [2, 1])
    }
}
