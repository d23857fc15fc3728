internal import PlumbModels
public import PlumbRecords

/// Every attack on one classifier: accuracies by radius, each attack alone, smallest changes, one change for all samples,
/// and masked copies of the classifier.
public struct AttackStudy: SettingGroup {
    @Setting("The largest changes of a pixel at which attacks are compared.", 0.001...1)
    public var radii = [0.05, 0.1, 0.15, 0.2]
    @Setting("The largest change at which every attack is run alone and masked networks are looked at.", 0.001...1)
    public var radius = 0.1
    @Setting("Steps of each ascent.", 1...10_000) public var steps = 100
    @Setting("Queries of the square attack for each picture.", 2...1_000_000) public var queries = 5000
    @Setting("Queries of the square attack where signs of masked gradients are looked for.", 2...1_000_000)
    public var diagnosisQueries = 1000
    @Setting("Pictures for the attacks that look for the smallest change.", 1...100_000) public var smallest = 100
    @Setting("Pictures for the attack that sees answers alone.", 1...100_000) public var answersOnly = 40
    @Setting("Steps of the attack that sees answers alone.", 1...1000) public var hops = 20
    @Setting("The largest changes of a pixel of one perturbation for all pictures.", 0.001...1)
    public var universalRadii = [0.15, 0.2, 0.3]
    @Setting("The most training pictures that one perturbation for all is found on.", 1...1_000_000)
    public var universalSamples = 5000

    /// The reference settings.
    public init() {}

    /// What was measured on one classifier.
    public struct Outcome: Codable, Sendable {
        /// Accuracy on the pictures as they are.
        public var clean = 0.0
        /// Accuracies by radius: random noise, FGSM, PGD, and the worst attack of the standard battery on each picture.
        public var noise: [Double] = [], fgsm: [Double] = [], pgd: [Double] = [], battery: [Double] = []
        /// Every attack alone at one radius.
        public var alone: [Alone] = []
        /// The battery's accuracy at that radius.
        public var worst = 0.0
        /// Mean sizes of changes in L2, and the part of the pictures broken.
        public var deepFool = Smallest(), carliniWagner = Smallest()
        /// The size of HopSkipJump's changes by that of DeepFool's on the same pictures.
        public var hopRatio = 0.0
        /// Accuracy under noise of DeepFool's mean size in L2.
        public var l2Noise = 0.0
        /// Accuracies under one change for all pictures, and under one random change.
        public var universal: [Double] = [], universalNoise: [Double] = []
        /// The classifier unmasked, and each mask.
        public var masks: [Masked] = []
        /// Pictures with their changes.
        public var pictures: [Picture] = []
        init() {}
    }

    /// One attack on all pictures.
    public struct Alone: Codable, Sendable {
        /// The attack.
        public var name: String
        /// The accuracy it leaves.
        public var accuracy: Double
        /// Passes forward and gradients a picture.
        public var forwards: Double, gradients: Double
    }

    /// An attack that looks for the smallest change.
    public struct Smallest: Codable, Sendable {
        /// The mean size of the changes that break a picture.
        public var size = 0.0
        /// The part of the correctly answered pictures that it breaks.
        public var broken = 0.0
    }

    /// What the diagnosis says of a classifier behind a mask.
    public struct Masked: Codable, Sendable {
        /// The mask.
        public var name: String
        /// The kinds of flags raised.
        public var flags: [String]
        /// Accuracies after one step, ascent on the cross-entropy, ascent on the ratio, random search, and without limit.
        public var singleStep: Double, crossEntropy: Double, ratio: Double, blackBox: Double, unlimited: Double
        /// Pictures without gradient.
        public var zeroGradients: Double
    }

    /// A picture as it is and as the battery changed it.
    public struct Picture: Codable, Sendable {
        /// The right class and the answer to the changed picture.
        public var label: String, answer: String
        /// Gray values, row by row.
        public var clean: [[Double]], changed: [[Double]]
    }

    /// The masks that are tried, each with the kinds of flags that it must raise.
    static let masks: [(name: String, mask: MaskedNetwork<NetworkGraph>.Mask, kinds: [MaskingFlag.Kind])] = [
        ("logits × 100", .scaledLogits(100), [.zeroGradients, .blackBoxIsStronger, .resistsUnlimitedChanges]),
        ("probabilities", .probabilities(temperature: 0.05), [.probabilities]),
        ("rounded pixels", .roundedInputs(steps: 16), [.zeroGradients, .blackBoxIsStronger, .resistsUnlimitedChanges]),
        ("noise in each pass", .noise(0.1), [.varyingLogits]),
    ]

    /// How many of the flags that masks must raise were raised, as a part of them.
    public static func flagsRaised(_ outcome: Outcome) -> Double {
        let expected = masks.flatMap { mask in mask.kinds.map { (mask.name, $0.rawValue) } }
        let raised = expected.count { name, kind in
            outcome.masks.first { $0.name == name }?.flags.contains(kind) ?? false
        }
        return Double(raised) / Double(expected.count)
    }
}
