import Foundation
import PlumbRecords
import Testing

/// Verdicts of declared claims on measured values.
@Suite struct ClaimTests {
    private let effect = Quantity("effect"), other = Quantity("other"), control = Quantity("control")

    private func claim(_ rule: SeedRule, _ bound: Bound = .atLeast(0.9)) -> Claim {
        Claim(rule, "There is an effect", effect, bound, control: "Elsewhere there is none", control, .atMost(0.1))
    }

    private func measured(_ effect: [Double], _ control: [Double] = [0, 0, 0]) -> Measurements {
        var measured = Measurements(seeds: [1, 2, 3])
        (measured[self.effect], measured[self.control]) = (effect, control)
        return measured
    }

    @Test func rulesMakeOneNumberOfManyValues() {
        let values = measured([1, 0.8, 0.95])
        #expect(claim(.worst).result(values).observed == 0.8 && claim(.worst).result(values).holds == false)
        #expect(claim(.mean).result(values).holds == true)
        #expect(claim(.each(allowing: 1)).result(values).observed == 0.95)
        #expect(claim(.worst, .atMost(0.9)).result(values).observed == 1)
        #expect(claim(.worst, .within(0.1, of: 1)).result(values).observed == 0.8)
        #expect(claim(.worst, .between(0.9, 0.95)).result(values).observed == 0.8)
        #expect(claim(.each(allowing: 1), .between(0.7, 0.96)).result(values).observed == 0.95)
        #expect([0.9, 0.92, 0.95].allSatisfy(Bound.between(0.9, 0.95).admits))
        #expect(![0.89, 0.96, .nan].contains(where: Bound.between(0.9, 0.95).admits))
    }

    @Test func aControlThatShowsTheEffectFailsTheClaim() {
        let result = claim(.worst).result(measured([1, 1, 1], [0, 0, 0.5]))
        #expect(result.holds == true && result.control.holds == false && result.verdict == .fails)
    }

    @Test func whatIsNoNumberIsNotMeasurableAndSaysWhy() throws {
        let result = claim(.mean).result(measured([1, .nan, 1]))
        #expect(result.verdict == .notMeasurable && result.observed == nil && result.holds == nil)
        #expect(result.reason == "effect could not be measured in 1 of 3 seeds")
        var missing = measured([1, 1, 1])
        missing.leave(control, because: "there is nothing to compare")
        #expect(claim(.mean).result(missing).reason == "there is nothing to compare")
        #expect(!claim(.mean).result(missing).passes)
        missing.set(effect, 0.95, because: "unused")
        #expect(missing[effect] == [0.95])
        missing.set(effect, nil, because: "the run was too short")
        #expect(missing[effect] == [] && missing.reason(effect) == "the run was too short")
        let json = String(decoding: try JSONEncoder().encode(result), as: UTF8.self)
        #expect(json.contains("\"observed\":null") && json.contains("\"holds\":null"))
        #expect(try JSONDecoder().decode(ClaimResult.self, from: Data(json.utf8)) == result)
    }

    @Test func whatIsDeclaredNotMeasurableIsAsExpectedOnlyWhereItIsNot() throws {
        let declared = claim(.mean).expectedNotMeasurable()
        var missing = measured([])
        missing.leave(effect, because: "the model cannot do it")
        let result = declared.result(missing)
        #expect(result.verdict == .notMeasurable && result.isAsExpected && !result.passes)
        #expect(Findings(claims: [result]).areAsExpected)
        #expect(try JSONDecoder().decode(ClaimResult.self, from: JSONEncoder().encode(result)) == result)
        // Without the declaration, or where it fails after all, it is not.
        #expect(!claim(.mean).result(missing).isAsExpected)
        #expect(!declared.result(measured([0, 0, 0])).isAsExpected)
        #expect(declared.result(measured([1, 1, 1])).isAsExpected)
    }

    @Test func furtherCriteriaMustHoldToo() {
        var values = measured([1, 1, 1])
        values[other] = [0.2, 0.2, 0.4]
        #expect(claim(.worst).and(other, .atMost(0.3)).result(values).holds == false)
        #expect(claim(.worst).and(.mean, other, .atMost(0.3)).result(values).holds == true)
        #expect(claim(.worst).controlAnd(other, .atMost(0.1)).result(values).verdict == .fails)
    }

    @Test func theTextIsThatOfTheThresholds() {
        #expect(claim(.worst).threshold == "at least 0.9 in every seed")
        #expect(claim(.mean, .within(0.1, of: 0)).threshold == "at most 0.1 in either direction on average over seeds")
        #expect(claim(.worst, .between(32, 64)).threshold == "from 32 to 64 in every seed")
        let card = Card(
            id: "a", title: "A", direction: "d", question: "q", method: "m", limits: "l", minutes: 1
        ).stating([claim(.worst)])
        #expect(card.hypothesis == "There is an effect: at least 0.9 in every seed.")
        #expect(card.control == "Elsewhere there is none: at most 0.1 in every seed.")
    }

    @Test func seedsThatCouldNotBeMeasuredCountAmongThoseThatMayMiss() {
        let rule = claim(.each(allowing: 1))
        let oneOpen = rule.result(measured([1, .nan, 1]))
        #expect((oneOpen.holds, oneOpen.observed, oneOpen.met) == (true, 1, 2))
        // One missed and one was not measured: the open one decides.
        let open = rule.result(measured([1, .nan, 0.2]))
        #expect((open.holds, open.observed, open.met) == (nil, 0.2, 1))
        #expect(open.reason == "effect could not be measured in 1 of 3 seeds")
        // Two missed: whatever the third would have been.
        #expect(rule.result(measured([0.1, .nan, 0.2])).holds == false)
        #expect(rule.result(measured([.nan, .nan, 1])).holds == nil)
        #expect(claim(.worst).result(measured([.nan, 0.1, 1])).holds == false)
    }

    @Test func aRuleThatLetsSeedsMissCanFailHoweverFewThereAre() {
        let rule = claim(.each(allowing: 3))
        #expect(rule.result(measured([0.2], [0])).holds == false)
        #expect(rule.result(measured([.nan], [0])).holds == nil)
        #expect(rule.result(measured([0.2, 0.1], [0, 0])).holds == false)
        #expect(rule.result(measured([0.2, 0.95], [0, 0])).holds == true)
        #expect(rule.result(measured([0.95, 0.95], [0.9, 0.9])).control.holds == false)
    }

    @Test func developmentSeedsGiveThePowerOfTheRule() throws {
        let result = claim(.each(allowing: 1)).development(missed: 10, of: 100).result(measured([1, 1, 0.2]))
        // Half a miss more than counted; the control may miss once too: p³ + 3 p² (1 - p) for both.
        func atMostOne(_ rate: Double) -> Double { (1 - rate) * (1 - rate) * (1 + 2 * rate) }
        #expect(abs((result.power ?? 0) - atMostOne(10.5 / 101) * atMostOne(0.5 / 101)) < 1e-12)
        let strict = claim(.worst).development(missed: 0, controlMissed: 50, of: 100).result(measured([1, 1, 1]))
        let met = 1 - 0.5 / 101
        #expect(abs((strict.power ?? 0) - met * met * met * 0.125) < 1e-12)
        let few = claim(.worst).development(missed: 0, of: 6).result(measured([1, 1, 1]))
        #expect((few.power ?? 1) < 0.65, "none of six is weak evidence for three of three")
        // A mean is judged once, whatever the number of seeds.
        let mean = claim(.mean).development(missed: 5, controlMissed: 1, of: 50, controlOf: 10).result(
            measured([1, 1, 1]))
        #expect(abs((mean.power ?? 0) - (1 - 5.5 / 51) * (1 - 1.5 / 11)) < 1e-12)
        let back = try JSONDecoder().decode(ClaimResult.self, from: JSONEncoder().encode(result))
        #expect(back == result && back.development?.count == 100)
    }

    @Test func numbersInSentencesArePlain() {
        #expect(
            Phrase.percent(0.634) == "63 %" && Phrase.percent(0.996) == "99.6 %" && Phrase.percent(.nan) == "unknown")
        #expect(Phrase.number(1234.5) == "1,235" && Phrase.number(-0.00012) == "-0.0001" && Phrase.number(12) == "12")
        #expect(Phrase.list(["a", "b", "c"]) == "a, b and c" && Phrase.list(["a"]) == "a" && Phrase.list([]) == "")
    }
}

/// Settings declared by `@Setting` and grouped by methods.
@Suite struct SettingGroupTests {
    private struct Study: SettingGroup {
        @Setting("Steps.", 1...10) var steps = 3
        @Setting("A name, or none.") var name: String? = nil
    }

    private struct Settings: ExperimentSettings {
        @Setting("Seeds.", 1...5) var seeds = 2
        var study = Study()
    }

    @Test func groupsBecomeOptionsAndComeBack() throws {
        let schema = try SettingsSchema(defaults: Settings())
        #expect(schema.fields.map(\.option) == ["seeds", "steps", "name"])
        #expect(schema.fields.map(\.help) == ["Seeds.", "Steps.", "A name, or none."])
        let flat = try schema.flattened(Settings())
        #expect(flat.object.map { Set($0.keys) } == ["seeds", "steps"])
        let read: Settings = try schema.settings(overrides: [("steps", "7"), ("name", "x")])
        #expect((read.seeds, read.study.steps, read.study.name) == (2, 7, "x"))
        let error = #expect(throws: SettingsError.self) { try schema.check(schema.apply(overrides: [("steps", "11")])) }
        #expect(error?.description == "--steps 11: it must be from 1 to 10")
    }

    @Test func twoSettingsOfOneNameAreRefused() {
        struct Twice: ExperimentSettings {
            @Setting("Steps.", 1...10) var steps = 1
            var study = Study()
        }
        #expect(throws: SettingsError.self) { try SettingsSchema(defaults: Twice()) }
    }
}
