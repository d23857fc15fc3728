internal import PlumbBasics
public import PlumbData
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

extension AttackStudy {
    /// Measures a classifier.
    ///
    /// - Parameters:
    ///   - network: trained.
    ///   - test: pictures to attack.
    ///   - train: pictures to find one change for all on.
    ///   - key: of the attacks' chance.
    ///   - reporter: told how far the study is, between attacks; a run that is stopped ends there.
    /// - Throws: ``AttackError`` for pictures that cannot be attacked; `RunInterrupted`.
    public func run(
        _ network: NetworkGraph, test: LabeledImages, train: LabeledImages, key: RandomKey,
        reporter: RunReporter = .silent
    ) throws -> Outcome {
        // Beside curves and universal perturbations: eight attacks alone, four for the smallest change, two for each mask.
        var progress = AttackProgress(
            reporter, "attacks",
            parts: (3 + AttackProgress.battery) * radii.count + 12 + universalRadii.count + 2 * (Self.masks.count + 1))
        func checkpoint() throws { try progress.next() }
        func accuracy(_ attack: some Attack) throws -> Double {
            try checkpoint()
            return try attack.run(network, images: test.images, labels: test.labels, key: key).accuracy
        }
        var outcome = Outcome()
        for radius in radii {
            let set = PerturbationSet(.linf, radius: radius)
            outcome.noise.append(try accuracy(RandomNoise(set)))
            outcome.fgsm.append(try accuracy(FGSM(set)))
            outcome.pgd.append(try accuracy(Self.pgd(set)))
            let battery = try progress.run(
                battery(set), network, images: test.images, labels: test.labels, key: key)
            outcome.battery.append(battery.accuracy)
            outcome.clean = battery.cleanAccuracy
            if radius == self.radius {
                outcome.pictures = Self.pictures(battery, network, test)
                outcome.worst = battery.accuracy
            }
        }
        outcome.alone = try alone(network, test, key, checkpoint)
        try measureSmallest(network, test, key, checkpoint, &outcome)
        try measureUniversal(network, test, train, key, checkpoint, &outcome)
        outcome.masks = try masked(network, test, key, checkpoint)
        return outcome
    }

    /// The standard battery with the study's steps and queries.
    public func battery(_ set: PerturbationSet) -> AttackBattery {
        .standard(set, steps: steps, queries: queries)
    }

    /// PGD whose steps together are four times as long as the radius: from a random start it reaches every corner.
    static func pgd(_ set: PerturbationSet) -> PGD { PGD(set, steps: 40, restarts: 3, relativeStep: 0.1) }

    private func alone(
        _ network: NetworkGraph, _ test: LabeledImages, _ key: RandomKey, _ checkpoint: () throws -> Void
    ) throws -> [Alone] {
        let set = PerturbationSet(.linf, radius: radius)
        let attacks: [any Attack] = [
            RandomNoise(set), FGSM(set), Self.pgd(set), AutoPGD(set, .crossEntropy, steps: steps),
            AutoPGD(set, .differenceOfLogitsRatio, steps: steps), AutoPGD(set, .targets(9), steps: steps),
            FAB(set, steps: steps), SquareAttack(set, queries: queries),
        ]
        return try attacks.map { attack in
            try checkpoint()
            let found = try attack.run(network, images: test.images, labels: test.labels, key: key)
            return Alone(
                name: attack.name, accuracy: found.accuracy, forwards: Double(found.forwards) / Double(test.count),
                gradients: Double(found.gradients) / Double(test.count))
        }
    }

    private func measureSmallest(
        _ network: NetworkGraph, _ test: LabeledImages, _ key: RandomKey, _ checkpoint: () throws -> Void,
        _ outcome: inout Outcome
    ) throws {
        // Pictures answered wrongly need no change, and would make means small.
        let answers = network(test.images).argmaxOfRows()
        let right = test[test.labels.indices.filter { answers[$0] == test.labels[$0] }]
        func run(_ attack: some Attack, _ count: Int) throws -> AttackResult {
            try checkpoint()
            let part = right[Array(0..<min(count, right.count))]
            return try attack.run(network, images: part.images, labels: part.labels, key: key)
        }
        func summary(_ found: AttackResult) -> Smallest {
            let sizes = found.succeeded.indices.filter { found.succeeded[$0] }.map { found.distances[$0] }
            return Smallest(
                size: Statistics.mean(sizes), broken: Double(sizes.count) / Double(max(1, found.succeeded.count)))
        }
        let deepFool = try run(DeepFool(), smallest)
        outcome.deepFool = summary(deepFool)
        outcome.carliniWagner = summary(try run(CarliniWagner(), smallest))
        let hops = try run(HopSkipJump(steps: hops), answersOnly)
        let places = hops.succeeded.indices.filter { hops.succeeded[$0] && $0 < deepFool.succeeded.count }
        outcome.hopRatio =
            Statistics.mean(places.map { hops.distances[$0] }) / Statistics.mean(places.map { deepFool.distances[$0] })
        let noise = RandomNoise(
            PerturbationSet(.l2, radius: outcome.deepFool.size.isFinite ? outcome.deepFool.size : 0))
        outcome.l2Noise = try run(noise, right.count).accuracy
    }

    private func measureUniversal(
        _ network: NetworkGraph, _ test: LabeledImages, _ train: LabeledImages, _ key: RandomKey,
        _ checkpoint: () throws -> Void, _ outcome: inout Outcome
    ) throws {
        func accuracy(_ images: Tensor) -> Double {
            var queries = ModelQueries(network)
            let answers = queries.logits(images).argmaxOfRows()
            return Double(zip(answers, test.labels).count { $0 == $1 }) / Double(test.count)
        }
        let sample = train[Array(0..<min(universalSamples, train.count))]
        for radius in universalRadii {
            try checkpoint()
            let universal = UniversalPerturbation(PerturbationSet(.linf, radius: radius))
            let change = try universal.find(
                network, images: sample.images, labels: sample.labels, key: key["universal"])
            outcome.universal.append(accuracy(universal.applied(change, to: test.images)))
            var random = key["random change"].generator()
            let signs = (0..<change.count).map { _ in Float(random.next() >> 63 == 0 ? radius : -radius) }
            outcome.universalNoise.append(
                accuracy(universal.applied(Tensor(signs, shape: change.shape), to: test.images)))
        }
    }

    private func masked(
        _ network: NetworkGraph, _ test: LabeledImages, _ key: RandomKey, _ checkpoint: () throws -> Void
    ) throws -> [Masked] {
        let set = PerturbationSet(.linf, radius: radius)
        var diagnosis = MaskingDiagnosis(set)
        (diagnosis.steps, diagnosis.queries) = (steps, diagnosisQueries)
        func row(_ name: String, _ model: some HookedModel<Tensor>) throws -> Masked {
            try checkpoint()
            let found = try diagnosis.run(model, images: test.images, labels: test.labels, key: key)
            try checkpoint()
            let ratio = try AutoPGD(set, .differenceOfLogitsRatio, steps: steps).run(
                model, images: test.images, labels: test.labels, key: key)
            return Masked(
                name: name, flags: found.flags.map(\.kind.rawValue), singleStep: found.singleStep,
                crossEntropy: found.iterative, ratio: ratio.accuracy, blackBox: found.blackBox,
                unlimited: found.unlimited, zeroGradients: found.zeroGradients)
        }
        return [try row("unmasked", network)]
            + (try Self.masks.map { name, mask, _ in try row(name, MaskedNetwork(network, mask, key: key[name])) })
    }

    /// The first broken pictures of different classes.
    private static func pictures(
        _ found: BatteryResult, _ network: NetworkGraph, _ test: LabeledImages, count: Int = 6
    ) -> [Picture] {
        let answers = network(found.adversarial).argmaxOfRows()
        var seen = Set<Int>()
        let rows = test.labels.indices.filter { row in
            found.correct[row] && !found.robust[row] && seen.count < count && seen.insert(test.labels[row]).inserted
        }
        func gray(_ image: Tensor) -> [[Double]] {
            let values = image.elements
            return (0..<test.height).map { row in
                (0..<test.width).map { Double(values[(row * test.width + $0) * test.channels]) }
            }
        }
        return rows.map { row in
            Picture(
                label: test.classNames[test.labels[row]], answer: test.classNames[answers[row]],
                clean: gray(test.images[row]), changed: gray(found.adversarial[row]))
        }
    }
}
