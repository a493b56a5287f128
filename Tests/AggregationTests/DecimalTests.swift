import Aggregation
import EventModel
import Testing

@Suite("Sums and averages are exact")
struct DecimalTests {
    @Test func aTenthAddedTenTimesIsOne() throws {
        #expect(try TestStore.result(.sum("/data/v"), of: Array(repeating: "0.1", count: 10)) == "1")
    }

    @Test func sumsAndAveragesAreThoseOfAnotherImplementation() throws {
        for vector in DecimalVector.all {
            #expect(try TestStore.result(.sum("/data/v"), of: vector.numbers) == vector.sum, "\(vector.numbers)")
            #expect(try TestStore.result(.avg("/data/v"), of: vector.numbers) == vector.average, "\(vector.numbers)")
        }
    }

    @Test(arguments: [
        (["1.50"], "1.5"), (["1e2"], "100"), (["-0"], "0"), (["-0.0", "0e999999999999999999999"], "0"), (["5", "-5.0"], "0"),
        (["12345678901234567890.5", "0.5"], "12345678901234567891"), (["1e60"], "1" + String(repeating: "0", count: 60)),
        (["1e61"], "1e61"), (["12e61"], "1.2e62"), (["1e-60"], "0." + String(repeating: "0", count: 59) + "1"), (["1.5e-61"], "1.5e-61"),
        (["1e70", "1"], "1" + String(repeating: "0", count: 69) + "1"), ([], "0"), (["-", "null", "3"], "3"),
    ])
    func aSumStandsInPlainNotation(_ values: [String], _ sum: String) throws {
        #expect(try TestStore.result(.sum("/data/v"), of: values + ["-"]) == sum)
    }

    @Test(arguments: [
        (["1", "2"], "1.5"), (["1", "1", "0"], "0.6666666666666666666666666666666667"), (["1", "0", "0"], "0.3333333333333333333333333333333333"),
        (["-2", "0", "0"], "-0.6666666666666666666666666666666667"), (["-"], "null"), (["0", "0"], "0"),
        // Half of the last digit goes to the even one, what is more goes up.
        (["2000000000000000000000000000000005", "2000000000000000000000000000000000"], "2000000000000000000000000000000002"),
        (["2000000000000000000000000000000007", "2000000000000000000000000000000000"], "2000000000000000000000000000000004"),
        (["2000000000000000000000000000000005", "2000000000000000000000000000000000.1"], "2000000000000000000000000000000003"),
    ])
    func anAverageHasThirtyFourDigits(_ values: [String], _ average: String) throws {
        #expect(try TestStore.result(.avg("/data/v"), of: values) == average)
    }

    @Test func whatIsNoNumberIsSaidByItsName() {
        let store = TestStore([("revenue", .sum("/data/total"))])
        #expect(store.poison(TestRecord(value: #"{"total":"12"}"#)) == "sum `revenue`: /data/total is a string, not a number")
        #expect(TestStore.poison(.avg("/data/v"), of: "{}") == "avg `a`: /data/v is an object, not a number")
        #expect(TestStore.poison(.avg("/data/v"), of: "[]") == "avg `a`: /data/v is an array, not a number")
        #expect(TestStore.poison(.sum("/data/v"), of: "true") == "sum `a`: /data/v is a boolean, not a number")
        #expect(TestStore.poison(.sum("/data/v"), of: "null") == nil)
    }

    @Test(arguments: ["1e999999999", "1e401", "-1e401", "1e-401", "1e99999999999999999999999", "1e-99999999999999999999999", "1.5e-400"])
    func aNumberOutOfBoundsIsRefused(_ number: String) {
        #expect(TestStore.poison(.sum("/data/v"), of: number) == "sum `a`: /data/v is a number that is too large, too small or too long")
    }

    @Test func aNumberWithTooManyDigitsIsRefused() {
        #expect(TestStore.poison(.sum("/data/v"), of: String(repeating: "1", count: 401)) == nil)
        #expect(TestStore.poison(.sum("/data/v"), of: String(repeating: "1", count: 402)) != nil)
        #expect(TestStore.poison(.sum("/data/v"), of: "0." + String(repeating: "0", count: 100_000) + "1") != nil)
        #expect(TestStore.poison(.sum("/data/v"), of: "0." + String(repeating: "0", count: 100_000)) == nil)
    }
}
