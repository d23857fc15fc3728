import PlumbOversight
import Testing

@Suite("Errors of oversight") struct OversightErrorTests {
    @Test("An error reads as its sentence") func sentence() {
        #expect("\(OversightError("a debate needs two answers"))" == "a debate needs two answers")
    }
}
