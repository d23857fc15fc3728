internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Tables and figures of attacks on several classifiers.
public struct AttackFigures {
    private let outcomes: [AttackStudy.Outcome]
    private let measured: Measurements
    private let study: AttackStudy

    /// Tables and figures of what a study found, an outcome a classifier.
    public init(outcomes: [AttackStudy.Outcome], measured: Measurements, study: AttackStudy) {
        (self.outcomes, self.measured, self.study) = (outcomes, measured, study)
    }

    private func all(_ value: (AttackStudy.Outcome) -> [Double]) -> [[Double]] {
        let rows = outcomes.map(value)
        return (rows.first ?? []).indices.map { place in rows.map { $0[place] } }
    }

    /// Accuracy by the largest change of a pixel, by attack.
    public var accuracies: LineChart {
        let radii = [0] + study.radii
        func line(_ name: String, _ values: (AttackStudy.Outcome) -> [Double]) -> LineChart.Series {
            measured.line(name, over: radii, [outcomes.map(\.clean)] + all(values), band: .range)
        }
        return LineChart(
            title: "Accuracy by the size of the change",
            caption:
                "Means of \(outcomes.count) classifiers, and the range of their values. The battery counts a picture as "
                + "robust where none of its attacks breaks it.",
            x: Axis("largest change of a pixel"), y: Axis("accuracy"),
            series: [
                line("random noise", \.noise), line("FGSM", \.fgsm), line("PGD", \.pgd), line("battery", \.battery),
            ])
    }

    /// Each attack by itself, with the passes and gradients that it took.
    public var alone: Table {
        let names = outcomes.first?.alone.map(\.name) ?? []
        return measured.table(
            "alone", title: "Each attack alone at radius \(study.radius)", rowLabel: "attack", columnLabel: "",
            rows: names + ["battery"], columns: ["accuracy", "passes", "gradients"],
            cells: names.indices.map { place in
                [
                    outcomes.map { $0.alone[place].accuracy }, outcomes.map { $0.alone[place].forwards },
                    outcomes.map { $0.alone[place].gradients },
                ]
            } + [[outcomes.map(\.worst), outcomes.map { _ in .nan }, outcomes.map { _ in .nan }]])
    }

    /// What attacks leave of networks that hide their gradients, and the flags that are raised.
    public var masks: Table {
        let names = outcomes.first?.masks.map(\.name) ?? []
        let kinds = MaskingFlag.Kind.allCases.map(\.rawValue)
        let accuracies: [KeyPath<AttackStudy.Masked, Double>] = [
            \.singleStep, \.crossEntropy, \.ratio, \.blackBox, \.unlimited, \.zeroGradients,
        ]
        return measured.table(
            "masks",
            title:
                "The same classifier behind masks: accuracies at radius \(study.radius), and the share of seeds with a flag",
            rowLabel: "mask", columnLabel: "", rows: names,
            columns: ["one step", "APGD-CE", "APGD-DLR", "Square", "any change", "without gradient"] + kinds,
            cells: names.indices.map { place in
                accuracies.map { path in outcomes.map { $0.masks[place][keyPath: path] } }
                    + kinds.map { kind in outcomes.map { $0.masks[place].flags.contains(kind) ? 1 : 0 } }
            })
    }

    /// One change for all pictures.
    public var universal: Table {
        measured.table(
            "universal", title: "One change for all pictures", rowLabel: "largest change of a pixel",
            columnLabel: "accuracy",
            rows: study.universalRadii.map { "\($0)" }, columns: ["found on training pictures", "random"],
            cells: zip(all(\.universal), all(\.universalNoise)).map { [$0, $1] })
    }

    /// The first classifier's pictures: as they are, as they were changed, and the change.
    public var pictures: ImageFigure {
        func panel(_ title: String, _ rows: [[Double]]) -> ImageFigure.Panel {
            ImageFigure.Panel(
                title, height: rows.count, width: rows.first?.count ?? 0, channels: 1,
                values: rows.joined().map(Float.init))
        }
        let largest = study.radius > 0 ? study.radius : 1
        return ImageFigure(
            title: "Pictures as they are, as they were changed, and the change",
            caption:
                "The first classifier's pictures: as they are, answered correctly; with the change that makes it give the "
                + "other answer; and the change alone, gray for none, black and white for \(study.radius) less and more.",
            panels: (outcomes.first?.pictures ?? []).flatMap { picture in
                let change = zip(picture.changed, picture.clean).map { changed, clean in
                    zip(changed, clean).map { 0.5 + ($0 - $1) / (2 * largest) }
                }
                return [
                    panel("\(picture.label)", picture.clean), panel("read as \(picture.answer)", picture.changed),
                    panel("\(picture.label) to \(picture.answer): change", change),
                ]
            })
    }
}
