internal import PlumbLearning
public import PlumbRecords

// What the claim about teaching on a grid compares with thresholds, one value a grid.

extension TeachingGrid {
    private static let expertLoss = Quantity("expert_walk_loss"), teacherLoss = Quantity("teacher_walk_loss")
    private static let wrongLoss = Quantity("wrong_teacher_walk_loss")
    private static let expertDistance = Quantity("expert_walk_distance")
    private static let ratio = Quantity("teacher_walk_distance_ratio", unit: "of the expert's")
    private static let wrongRatio = Quantity("wrong_teacher_walk_distance_ratio", unit: "of the expert's")

    /// That a human who walks for the robot's inference tells it more of θ than one who walks for itself.
    public static func claim(_ rule: SeedRule) -> Claim {
        Claim(
            rule,
            "On a grid with features, the θ inferred from one walk of a teacher is nearer the true one than that from an "
                + "expert's, by the mean squared distance", ratio, .atMost(0.9),
            control: "From a teacher that matches what walks for another reward pass, it is not", wrongRatio,
            .above(0.9)
        ).development(missed: 2, of: 84)
    }

    /// Notes the values of these quantities.
    public static func measure(_ outcomes: [Outcome], _ measured: inout Measurements) {
        measured[expertLoss] = outcomes.map(\.expert)
        measured[teacherLoss] = outcomes.map(\.teacher)
        measured[wrongLoss] = outcomes.map(\.wrongTeacher)
        measured[expertDistance] = outcomes.map(\.expertDistance)
        measured[ratio] = outcomes.map { $0.teacherDistance / $0.expertDistance }
        measured[wrongRatio] = outcomes.map { $0.wrongTeacherDistance / $0.expertDistance }
    }

    /// These quantities as metrics.
    public static func metrics(_ measured: Measurements) -> [Metric] {
        measured.metrics(ratio, wrongRatio, expertDistance, expertLoss, teacherLoss, wrongLoss)
    }

    /// What was found, in a sentence.
    public static func sentence(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "On a grid with features, one walk of a teacher leaves \(percent(ratio)) of the squared error of θ that an "
            + "expert's leaves, and one of a teacher for another reward \(percent(wrongRatio)); but acting on it loses "
            + "\(percent(teacherLoss)), on the expert's \(percent(expertLoss))."
    }
}
