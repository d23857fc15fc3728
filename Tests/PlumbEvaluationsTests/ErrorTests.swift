import PlumbEvaluations
import Testing

@Suite("Errors of evaluations") struct EvaluationErrorTests {
    @Test("An error reads as its sentence") func sentence() {
        #expect("\(EvaluationError("a task needs a sample"))" == "a task needs a sample")
    }
}
