import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite("Interchange interventions and alignment search") struct InterchangeTests {
    private let model = MLP([6, 8, 5, 3], activation: .tanh, key: RandomKey(1))
    private let place = InterchangePlace(.block(0, .mlpPost))
    private let base = Tensor.normal([4, 6], key: RandomKey(2))
    private let source = Tensor.normal([4, 6], key: RandomKey(3))
    private let other = Tensor.normal([4, 6], key: RandomKey(4))

    private func interchange(_ sources: [Tensor?]) -> Interchange<Tensor> {
        Interchange(base: base, sources: sources, targets: [0, 1, 2, 1])
    }

    private func hidden(_ x: Tensor) throws -> Tensor {
        try #require(model.run(x, recording: .all).cache[place.point])
    }

    private func expectOrthonormal(_ frame: OrthogonalFrame, within tolerance: Float = 1e-5) {
        let product = frame.basis().transposedMatmul(frame.basis()).elements
        for (place, value) in product.enumerated() {
            let expected: Float = place / frame.rank == place % frame.rank ? 1 : 0
            #expect(abs(value - expected) < tolerance)
        }
    }

    private func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
        zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? .nan
    }

    @Test("A frame is orthonormal whatever its numbers are, and spans the directions it was made of")
    func frames() throws {
        for rank in [1, 3, 8] { expectOrthonormal(OrthogonalFrame(width: 8, rank: rank, key: RandomKey(7))) }
        var moved = OrthogonalFrame(width: 8, rank: 5, key: RandomKey(8))
        moved.reflections = moved.reflections + Tensor.normal([5, 8], standardDeviation: 3, key: RandomKey(9))
        expectOrthonormal(moved)
        let directions = Tensor([3, 4, 0, 0, 1, 0], shape: [2, 3])
        let basis = OrthogonalFrame(spanning: directions).basis()
        // The first column is ±(0.6, 0.8, 0); both columns span the plane of the first two axes.
        #expect(abs(abs(basis.elements[0]) - 0.6) < 1e-6 && abs(abs(basis.elements[2]) - 0.8) < 1e-6)
        #expect(abs(basis.elements[4]) < 1e-6 && abs(basis.elements[5]) < 1e-6)
    }

    @Test("Interchange in a subspace by hand: the coordinate along (1, 1) / √2 is the source's")
    func handWorked() {
        let map = AlignedSubspaces(OrthogonalFrame(spanning: Tensor([1, 1], shape: [1, 2])), sizes: [1])
        let found = map.interchanged(Tensor([1, 0], shape: [1, 2]), sources: [Tensor([2, 5], shape: [1, 2])]).elements
        // The difference (1, 5) has the part (3, 3) along the direction.
        #expect(abs(found[0] - 4) < 1e-5 && abs(found[1] - 3) < 1e-5)
    }

    @Test("Subspaces of full rank give the vanilla interchange, of rank 0 or from the base itself the base's run")
    func identities() throws {
        let full = AlignedSubspaces(width: 8, sizes: [8], key: RandomKey(5))
        let swapped = try model.interchanged(interchange([source]), at: place, by: full)
        #expect(largestDifference(swapped, model.run(source).output) < 1e-5)
        let both = AlignedSubspaces(width: 8, sizes: [3, 5], key: RandomKey(5))
        let pair = try model.interchanged(interchange([source, source]), at: place, by: both)
        #expect(largestDifference(pair, model.run(source).output) < 1e-5)
        let none = AlignedSubspaces(OrthogonalFrame(width: 8, rank: 2, key: RandomKey(5)), sizes: [0])
        #expect(try model.interchanged(interchange([source]), at: place, by: none) == model.run(base).output)
        let own = try hidden(base)
        #expect(full.interchanged(own, sources: [own]) == own)
        #expect(full.interchanged(own, sources: [nil]) == own)
    }

    @Test("Each variable's part comes from its own source, and the rest stays the base's")
    func parts() throws {
        let map = AlignedSubspaces(width: 8, sizes: [2, 3], key: RandomKey(6))
        let (own, first, second) = (try hidden(base), try hidden(source), try hidden(other))
        let basis = map.frame.basis()
        let found = map.interchanged(own, sources: [first, second])
        #expect(largestDifference(found.matmul(basis.columns(0..<2)), first.matmul(basis.columns(0..<2))) < 1e-5)
        #expect(largestDifference(found.matmul(basis.columns(2..<5)), second.matmul(basis.columns(2..<5))) < 1e-5)
        let change = found - own
        let outside = change - change.matmul(basis).matmul(transposed: basis)
        #expect(outside.elements.allSatisfy { abs($0) < 1e-5 })
    }

    @Test("Rows that are not named stay as they are")
    func rows() throws {
        let full = AlignedSubspaces(width: 8, sizes: [8], key: RandomKey(5))
        let some = InterchangePlace(place.point, rows: [1])
        let output = try model.interchanged(interchange([source]), at: some, by: full)
        #expect(output[0] == model.run(base).output[0] && output[3] == model.run(base).output[3])
        #expect(largestDifference(output[1], model.run(source).output[1]) < 1e-5)
    }

    @Test("An interchange that changes nothing is refused, as are wrong points, rows, widths and numbers of sources")
    func refusals() throws {
        let map = AlignedSubspaces(width: 8, sizes: [2], key: RandomKey(6))
        func refuses(_ sources: [Tensor?], _ place: InterchangePlace, _ map: some SubspaceMap) {
            #expect(throws: ModelError.self) { try model.interchanged(interchange(sources), at: place, by: map) }
        }
        refuses([base], place, map)
        refuses([nil], place, map)
        refuses([source, source], place, map)
        refuses([source], InterchangePlace(.block(7, .mlpPost)), map)
        refuses([source], InterchangePlace(place.point, rows: [4]), map)
        refuses([source], InterchangePlace(place.point, rows: []), map)
        refuses([source], place, AlignedSubspaces(width: 7, sizes: [2], key: RandomKey(6)))
        refuses([Tensor.normal([3, 6], key: RandomKey(1))], place, map)
        #expect(throws: ModelError.self) { try AlignmentTraining(steps: 1).loss(map, of: model, at: place, on: []) }
    }

    private func expectSlopes<Map: SubspaceMap>(_ map: Map) throws {
        let training = AlignmentTraining(steps: 1)
        let interchanges = [interchange([source, nil]), interchange([source, other])]
        func loss(_ map: Map) throws -> Double {
            Double(try training.loss(map, of: model, at: place, on: interchanges).item)
        }
        let slopes = try gradient(at: map) { try training.loss($0, of: model, at: place, on: interchanges) }
        for (index, parameter) in map.parameters.enumerated() {
            let direction = Tensor.normal(parameter.tensor.shape, key: RandomKey(20)[index])
            func moved(_ step: Float) -> Map {
                map.mapParameters { path, tensor in
                    path.description == parameter.name ? tensor + direction * step : tensor
                }
            }
            let step: Float = 0.01
            let near = try loss(moved(step)) - loss(moved(-step))
            let far = try loss(moved(2 * step)) - loss(moved(-2 * step))
            let expected = (8 * near - far) / (12 * Double(step))
            let found = slopes.parameters[index].tensor.dot(direction)
            #expect(abs(found - expected) < 2e-3 * max(0.1, abs(expected)), "\(parameter.name): \(found), \(expected)")
            #expect(abs(found) > 1e-5)
        }
    }

    @Test("Gradients through interchanges are those of central differences, of frames and of boundaries")
    func gradients() throws {
        try expectSlopes(AlignedSubspaces(width: 8, sizes: [2, 3], key: RandomKey(6)))
        try expectSlopes(
            BoundlessSubspaces(width: 8, variables: 2, temperatures: (1.5, 0.5), key: RandomKey(6)))
    }

    @Test("Cold boundaries are those of whole sizes")
    func boundaries() throws {
        var map = BoundlessSubspaces(width: 8, variables: 2, temperatures: (2, 0.01), key: RandomKey(6))
        #expect(map.hardened.sizes == [2, 2])
        map.parts = Tensor([0.375, 0.25])
        let cold = map.annealed(1)
        #expect(abs(cold.temperature - 0.01) < 1e-6 && abs(map.annealed(0.5).temperature - 0.1414) < 1e-3)
        let masks = cold.masks().map { $0.elements.map { $0.rounded() } }
        #expect(masks == [[1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0, 0, 0]])
        let (own, first) = (try hidden(base), try hidden(source))
        let soft = cold.interchanged(own, sources: [first, nil])
        #expect(cold.hardened.sizes == [3, 2])
        #expect(largestDifference(soft, cold.hardened.interchanged(own, sources: [first, nil])) < 1e-4)
        #expect(abs((map.penalty?.item ?? 0) - 0.0625) < 1e-6)
    }

    @Test("The placebo moves each row as far as the map does, elsewhere")
    func placebo() throws {
        let map = AlignedSubspaces(width: 8, sizes: [2], key: RandomKey(6))
        let (own, first) = (try hidden(base), try hidden(source))
        let real = map.interchanged(own, sources: [first]) - own
        let fake = NormMatchedPlacebo(of: map, key: RandomKey(7)).interchanged(own, sources: [first]) - own
        for row in 0..<4 {
            #expect(abs(real[row].norm() - fake[row].norm()) < 1e-5)
            #expect(abs(real[row].dot(fake[row])) < 0.99 * real[row].norm() * fake[row].norm())
        }
    }

    /// A network that adds two numbers and passes a third: the sum is one direction of its hidden layer.
    @Test("The search finds the direction of a sum in a linear network, and keeps it orthonormal")
    func search() throws {
        let mixing = OrthogonalFrame(width: 4, rank: 4, key: RandomKey(11)).basis()
        let reading = Tensor([1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], shape: [4, 3])
        let saying = Tensor([-4, 0, 0, 0, 4, 0, 0, 0], shape: [2, 4])
        let linear = MLP(
            [
                Linear(weight: Weight(mixing.matmul(reading)), bias: Tensor(repeating: 10, shape: [4])),
                Linear(
                    weight: Weight(saying.matmul(transposed: mixing)),
                    bias: saying.matmul(transposed: mixing).summed(axis: 1) * -10),
            ], activation: .relu)
        func interchanges(_ key: RandomKey) -> [Interchange<Tensor>] {
            let (base, source) = (
                Tensor.normal([64, 3], key: key["base"]), Tensor.normal([64, 3], key: key["source"])
            )
            let sums = source.elements
            return [
                Interchange(
                    base: base, sources: [source],
                    targets: (0..<64).map { sums[3 * $0] + sums[3 * $0 + 1] > 0 ? 1 : 0 })
            ]
        }
        let start = AlignedSubspaces(width: 4, sizes: [1], key: RandomKey(12))
        let place = InterchangePlace(.block(0, .mlpPost))
        let found = try AlignmentTraining(steps: 300, learningRate: 0.05).run(start, of: linear, at: place) {
            interchanges(RandomKey(13)[$0])
        }
        expectOrthonormal(found.frame)
        let test = interchanges(RandomKey(14))
        #expect(try linear.interchangeAccuracy(test, at: place, by: found) > 0.95)
        #expect(try linear.interchangeAccuracy(test, at: place, by: start) < 0.9)
        let along = abs(found.frame.basis().reshaped([4]).dot(mixing.columns(0..<1).reshaped([4])))
        #expect(along > 0.99)
    }

    @Test("In a transformer a full interchange at one position is activation patching there")
    func transformer() throws {
        let tiny = try TinyPair("llama-tiny")
        let width = tiny.model.configuration.width
        let point = HookPoint.block(1, .residPre)
        let map = AlignedSubspaces(width: width, sizes: [width], key: RandomKey(1))
        let found = try tiny.model.interchanged(
            Interchange(base: tiny.corrupted, sources: [tiny.clean], targets: []),
            at: InterchangePlace(point, rows: [5]), by: map)
        let cache = tiny.model.run(tiny.clean, recording: .only(point)).cache
        let patched = tiny.model.run(tiny.corrupted, with: [.patch(point, from: cache, position: 5)]).output
        #expect(largestDifference(found, patched) < 1e-4)
    }
}

@Suite("Hierarchical equality") struct HierarchicalEqualityTests {
    private let task = HierarchicalEquality(width: 3)

    @Test("Both algorithms agree on ambiguous inputs, whose four variables are 1 half of the time")
    func ambiguous() {
        let inputs = task.inputs(4000, .ambiguous, key: RandomKey(1))
        var counts = [0, 0, 0, 0]
        for row in 0..<4000 {
            let (own, crossed) = (inputs.variables(.neighbors, row: row), inputs.variables(.crossed, row: row))
            #expect((own.first == own.second) == (crossed.first == crossed.second))
            for (index, value) in [own.first, own.second, crossed.first, crossed.second].enumerated() where value {
                counts[index] += 1
            }
        }
        #expect(counts.allSatisfy { abs($0 - 2000) < 130 }, "\(counts)")
    }

    @Test("Equal objects are equal vectors, and a pool's objects come from the pool")
    func vectors() {
        let pool = task.objects(6, key: RandomKey(2))
        for inputs in [
            task.inputs(50, .mixed, key: RandomKey(3)), task.inputs(50, .mixed, from: pool, key: RandomKey(3)),
        ] {
            for row in 0..<50 {
                let four = (0..<4).map { inputs.vectors[row][3 * $0..<3 * $0 + 3] }
                for i in 0..<4 {
                    for j in 0..<4 {
                        #expect((four[i] == four[j]) == (inputs.objects[row][i] == inputs.objects[row][j]))
                    }
                }
            }
        }
        let drawn = task.inputs(20, .ambiguous, from: pool, key: RandomKey(4))
        for row in 0..<20 { #expect(drawn.vectors[row][0..<3] == pool[drawn.objects[row][0]]) }
    }

    @Test("Interchanges say what their algorithm says, and change half of the labels")
    func interchanges() {
        let pool = task.objects(50, key: RandomKey(5))
        for algorithm in HierarchicalEquality.Algorithm.allCases {
            let kinds = task.interchanges(1000, of: algorithm, from: pool, key: RandomKey(6))
            #expect(kinds.map { $0.sources.map { $0 != nil } } == [[true, false], [false, true], [true, true]])
            for kind in kinds { #expect(abs(kind.targets.reduce(0, +) - 500) < 70) }
        }
    }

    @Test("A study's settings are refused where they do not fit together")
    func settings() {
        for change: (inout CausalAbstractionStudy) -> Void in [
            { $0.layer = 3 }, { $0.ranks = [] }, { $0.ranks = [4, 4] }, { $0.ranks = [33] },
        ] {
            var study = CausalAbstractionStudy()
            change(&study)
            #expect(throws: (any Error).self) { try study.check() }
        }
    }
}
