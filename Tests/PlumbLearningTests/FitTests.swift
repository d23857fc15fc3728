import Foundation
import PlumbData
import PlumbLearning
import PlumbNN
import PlumbRecords
import PlumbTensor
import Testing

/// Two layers that learn a fixed function of random points.
struct SmallNetwork: ParameterTree {
    var hidden: Linear
    var output: Linear

    init(width: Int = 24, seed: UInt64 = 1) {
        var random = RandomKey(seed).generator()
        func matrix(_ rows: Int, _ columns: Int) -> Tensor {
            Tensor(shape: [rows, columns]) { x in
                for i in x.indices { x[i] = Float(random.normal()) / Float(columns).squareRoot() }
            }
        }
        hidden = Linear(weight: Weight(matrix(width, 4)), bias: .zeros([width]))
        output = Linear(weight: Weight(matrix(1, width)), bias: .zeros([1]))
    }

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("hidden", &hidden)
        visitor("output", &output)
    }

    /// The squared error on points drawn for this step.
    func loss(_ step: Int, rows: Int = 256) -> Tensor {
        var random = RandomKey(3)[step].generator()
        let x = Tensor(shape: [rows, 4]) { x in
            for i in x.indices { x[i] = Float(random.normal()) }
        }
        let target = (x.columns(0..<1) * x.columns(1..<2)).sin()
        return (output(hidden(x).tanh()) - target).squared().mean()
    }
}

/// The first layer of a ``SmallNetwork`` alone.
struct OneLayer: ParameterTree {
    var hidden: Linear

    mutating func visit(_ visitor: inout ParameterVisitor) { visitor("hidden", &hidden) }
}

/// A folder that disappears with the test.
final class Scratch {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("fit-\(UUID().uuidString)")
    init() { try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
}

@Suite struct FitTests {
    private func fit(_ steps: Int = 60) -> Fit {
        var fit = Fit(steps: steps)
        fit.evaluateEvery = 20
        fit.clipNorm = 1
        fit.schedule = .cosine(warmup: 5, total: steps, floor: 0.1)
        fit.averaging = 0.9
        return fit
    }

    private func train(
        _ fit: Fit, in session: FitSession = .silent, model: SmallNetwork = SmallNetwork(), stopAt: Int? = nil
    ) throws -> FitResult<SmallNetwork, Adam> {
        try fit.run(
            model, optimizer: Adam.decoupled(learningRate: 1e-2), in: session,
            evaluate: { model, _ in Measured(of: Measure.self) { _ in Double(model.loss(-1).item) } },
            loss: { model, step in
                if step == stopAt { throw RunInterrupted() }
                return model.loss(step)
            })
    }

    @Test func trainingLowersTheLossAndKeepsItsHistory() throws {
        let result = try train(fit(200))
        #expect(result.losses.count == 200)
        #expect(result.evaluations.map(\.step) == Array(stride(from: 20, through: 200, by: 20)))
        #expect((result.losses.last ?? 1) < 0.6 * (result.losses.first ?? 0))
    }

    @Test func theBytesDoNotDependOnThreads() throws {
        let one = try Compute.withThreads(1) { try train(fit()) }
        let four = try Compute.withThreads(4) { try train(fit()) }
        #expect(one.losses == four.losses)
        for (a, b) in zip(one.model.parameters, four.model.parameters) { #expect(a.tensor == b.tensor) }
    }

    @Test func noStepsEvaluateTheModelAsItIs() throws {
        let scratch = Scratch()
        for _ in 0..<2 {
            let result = try train(fit(0), in: FitSession(checkpoints: scratch.url))
            #expect(result.evaluations.map(\.step) == [0])
            #expect(result.last(Measure.testLoss) == Double(SmallNetwork().loss(-1).item))
            #expect(result.losses.isEmpty && result.steps == 0 && !result.stoppedEarly)
        }
    }

    @Test func aStepThatLeavesNoNumbersIsNeitherKeptNorReturned() throws {
        let scratch = Scratch()
        var fit = Fit(steps: 1)
        let session = FitSession(checkpoints: scratch.url)
        _ = try fit.run(Tensor([1, 2]), optimizer: SGD(learningRate: 0.1), in: session) { x, _ in (x * x).summed() }
        (fit.steps, fit.checkpointEvery) = (2, 1)
        // The loss and the gradient are numbers; only what the step makes of the weights is not.
        let error = #expect(throws: FitError.self) {
            _ = try fit.run(Tensor([1, 2]), optimizer: SGD(learningRate: 1e39), in: session) { x, _ in (x * x).summed()
            }
        }
        #expect(error?.description.contains("at step 1: it left the parameter with numbers that are not") ?? false)
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path + "/training").sorted()
        #expect(files == ["checkpoint.json", "step-1.safetensors"], "the last good one stays")
    }

    @Test func aStoppedRunGoesOnBitForBit() throws {
        let whole = try train(fit())
        let scratch = Scratch()
        let interruption = RunInterruption()
        let context = RunContext(seed: 0, interruption: interruption, checkpointFolder: scratch.url)
        #expect(throws: RunInterrupted.self) {
            _ = try fit().run(
                SmallNetwork(), optimizer: Adam.decoupled(learningRate: 1e-2), in: FitSession(context),
                evaluate: { model, _ in Measured(of: Measure.self) { _ in Double(model.loss(-1).item) } },
                loss: { model, step in
                    if step == 33 { interruption.raise() }
                    return model.loss(step)
                })
        }
        let resumed = try train(fit(), in: FitSession(checkpoints: scratch.url))
        #expect(resumed.losses == whole.losses)
        #expect(resumed.evaluations == whole.evaluations)
        for (a, b) in zip(resumed.model.parameters, whole.model.parameters) { #expect(a.tensor == b.tensor) }
        for (a, b) in zip(resumed.optimizer.state.tensors, whole.optimizer.state.tensors) {
            #expect(a.tensor == b.tensor)
        }
        // A finished run is read back rather than trained again.
        let again = try train(fit(), in: FitSession(checkpoints: scratch.url), stopAt: 0)
        #expect(again.losses == whole.losses)
    }

    @Test func whatIsWrongWithACheckpointIsSaid() throws {
        let scratch = Scratch()
        let session = FitSession(checkpoints: scratch.url)
        _ = try train(fit(10), in: session)
        let other = #expect(throws: FitError.self) { _ = try train(fit(), in: session, model: SmallNetwork(width: 7)) }
        #expect(other?.description.contains("hidden.weight has shape [24, 4] there and [7, 4] here") ?? false)
        let less = #expect(throws: FitError.self) {
            _ = try Fit(steps: 20).run(
                SmallNetwork().hidden, optimizer: Adam.decoupled(learningRate: 1e-2), in: session
            ) { layer, _ in
                layer(.zeros([1, 4])).summed()
            }
        }
        #expect(less?.description.contains("it lacks weight of shape [24, 4]") ?? false)
        let smaller = #expect(throws: FitError.self) {
            _ = try Fit(steps: 20).run(
                OneLayer(hidden: SmallNetwork().hidden), optimizer: Adam.decoupled(learningRate: 1e-2), in: session
            ) {
                model, _ in model.hidden(.zeros([1, 4])).summed()
            }
        }
        #expect(smaller?.description.contains("it holds output.weight of shape [1, 24], which this model") ?? false)
        let further = #expect(throws: FitError.self) { _ = try train(fit(9), in: session) }
        #expect(further?.description.contains("has made 10 steps, and 9 are asked for") ?? false)
        let folder = scratch.url.appendingPathComponent("training")
        let weights = folder.appendingPathComponent("step-10.safetensors")
        var bytes = try Data(contentsOf: weights)
        bytes[bytes.count - 3] ^= 4
        try bytes.write(to: weights)
        let flipped = #expect(throws: FitError.self) { _ = try train(fit(), in: session) }
        #expect(flipped?.description.contains("is not the file that checkpoint.json describes") ?? false)
        try bytes.dropLast(40).write(to: weights)
        let short = #expect(throws: FitError.self) { _ = try train(fit(), in: session) }
        #expect(short?.description.contains("Remove the folder to train anew") ?? false)
        try FileManager.default.removeItem(at: weights)
        let missing = #expect(throws: FitError.self) { _ = try train(fit(), in: session) }
        #expect(missing?.description.contains("step-10.safetensors, which checkpoint.json names, cannot be") ?? false)
        try Data("{".utf8).write(to: folder.appendingPathComponent("checkpoint.json"))
        let broken = #expect(throws: FitError.self) { _ = try train(fit(), in: session) }
        #expect(broken?.description.contains("is not a checkpoint's index") ?? false)
    }

    @Test func aCheckpointOfAnotherOptimizerIsRefused() throws {
        let scratch = Scratch()
        let session = FitSession(checkpoints: scratch.url)
        _ = try train(fit(10), in: session)
        let error = #expect(throws: FitError.self) {
            var fit = Fit(steps: 20)
            fit.averaging = 0.9
            _ = try fit.run(SmallNetwork(), optimizer: SGD(learningRate: 0.1, momentum: 0.9), in: session) {
                model, step in model.loss(step)
            }
        }
        #expect(error?.description.contains("was trained with Adam, not SGD") ?? false)
    }

    @Test func divergenceAndDamagedNumbersAreErrors() throws {
        let steep = #expect(throws: FitError.self) {
            var fit = Fit(steps: 50)
            fit.divergenceFactor = 10
            _ = try fit.run(SmallNetwork(), optimizer: Adam(learningRate: 30)) { model, step in model.loss(step) }
        }
        #expect(steep?.description.contains("Take a smaller learning rate than 30.0") ?? false)
        let damaged = #expect(throws: FitError.self) {
            _ = try Fit(steps: 5).run(SmallNetwork(), optimizer: Adam()) { model, step in
                step == 3 ? model.loss(step) * .nan : model.loss(step)
            }
        }
        #expect(damaged?.description.contains("training diverged at step 3: the loss is nan") ?? false)
        let gradient = #expect(throws: FitError.self) {
            _ = try Fit(steps: 5).run(Tensor([0, 1]), optimizer: Adam()) { x, _ in x.squareRoot().summed() }
        }
        #expect(gradient?.description.contains("the gradient of the parameter holds numbers that are not") ?? false)
    }

    @Test func trainingStopsEarlyWhenNothingImproves() throws {
        var fit = Fit(steps: 100)
        fit.evaluateEvery = 1
        fit.earlyStop = .init(Measure.testLoss, patience: 3, isLowerBetter: false)
        let result = try fit.run(
            Tensor([1], shape: []), optimizer: Adam(),
            evaluate: { _, step in Measured(of: Measure.self) { _ in step <= 10 ? Double(step) : 0 } },
            loss: { x, _ in x * x })
        #expect(result.stoppedEarly && result.steps == 13)
        let late = try fit.run(
            Tensor([1], shape: []), optimizer: Adam(),
            evaluate: { _, step in Measured(of: Measure.self) { _ in step == 1 ? .nan : Double(min(step, 10)) } },
            loss: { x, _ in x * x })
        #expect(late.stoppedEarly && late.steps == 13, "a first evaluation that is NaN is no record to beat")
        fit.earlyStop = .init(Measure.testLoss, patience: 3, isLowerBetter: false, leastImprovement: 2)
        let slow = try fit.run(
            Tensor([1], shape: []), optimizer: Adam(),
            evaluate: { _, step in Measured(of: Measure.self) { _ in step <= 10 ? Double(3 * step) : 30.5 } },
            loss: { x, _ in x * x })
        #expect(slow.stoppedEarly && slow.steps == 13, "an improvement below the least one does not count")
    }

    /// A disk that is full refuses to let a file grow; so does a limit on the size of files, which needs no disk.
    @Test func aDiskThatIsFullLosesNothing() async throws {
        let scratch = Scratch()
        let path = scratch.url.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let session = FitSession(checkpoints: URL(fileURLWithPath: path))
            _ = try FitTests().train(FitTests().fit(20), in: session)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 300, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            var longer = FitTests().fit(20)
            (longer.steps, longer.checkpointEvery) = (40, 5)
            let error = #expect(throws: (any Error).self) { _ = try FitTests().train(longer, in: session) }
            #expect("\(String(describing: error))".contains("cannot write \(path)"))
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: path + "/training").sorted()
        #expect(files == ["checkpoint.json", "step-20.safetensors"], "what there was, and nothing half written")
        var longer = fit(20)
        longer.steps = 40
        let resumed = try train(longer, in: FitSession(checkpoints: scratch.url))
        let whole = try train(longer)
        #expect(resumed.losses == whole.losses)
        for (a, b) in zip(resumed.model.parameters, whole.model.parameters) { #expect(a.tensor == b.tensor) }
    }

    @Test func killedAtTwentyRandomMomentsTrainingEndsWithTheSameBytes() async throws {
        let whole = try train(fit(400))
        var random = RandomKey(11).generator()
        for _ in 0..<20 {
            let scratch = Scratch()
            let path = scratch.url.path
            let delay = random.index(below: 400_000)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as Int] in
                Thread.detachNewThread {
                    usleep(useconds_t(delay))
                    kill(getpid(), SIGKILL)
                }
                var fit = FitTests().fit(400)
                fit.checkpointEvery = 3
                while true {
                    let session = FitSession(checkpoints: URL(fileURLWithPath: path))
                    _ = try FitTests().train(fit, in: session)
                }
            }
            let resumed = try train(fit(400), in: FitSession(checkpoints: scratch.url))
            #expect(resumed.losses == whole.losses)
            for (a, b) in zip(resumed.model.parameters, whole.model.parameters) { #expect(a.tensor == b.tensor) }
            let left = try FileManager.default.contentsOfDirectory(atPath: path + "/training").filter {
                $0.hasSuffix(".safetensors")
            }
            #expect(left == ["step-400.safetensors"])
        }
    }
}

private enum Measure: String, FitMeasure { case testLoss = "loss/test" }
