internal import PlumbLearning
public import PlumbRecords

extension RecoveryProfile {
    /// Recovery by layer at the differing token, between and at the last one, mean over pairs.
    public static func chart(_ profiles: [RecoveryProfile], _ measured: Measurements, layers: Int) -> LineChart {
        let count = profiles.count == 1 ? "1 pair" : "\(profiles.count) pairs"
        let lines: [(String, (RecoveryProfile) -> [Double])] = [
            ("differing token", \.differing), ("tokens between", \.between), ("last token", \.last),
        ]
        return LineChart(
            title: "The answer moves from the differing token to the last",
            caption: "Fraction of the logit difference restored by patching the residual stream, mean over \(count)"
                + (profiles.count > 1 ? "; the bands show the range." : "."),
            x: Axis("layer"), y: Axis("recovery"),
            series: lines.compactMap { name, values in
                let curves = profiles.map(values).filter { !$0.isEmpty }
                guard !curves.isEmpty else { return nil }
                return measured.line(
                    name, over: (0..<layers).map(Double.init), curves: curves,
                    band: profiles.count > 1 ? .range : .interval)
            })
    }
}
