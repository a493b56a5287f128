import EventModel
import Filters
import Testing

private var event: TestEvent {
    TestEvent(["id": "1", "source": "/shop/eu", "type": "order.created", "subject": "Größe", "hop": "5", "text": "", "flag": "TRUE"])
}

/// `value`, or `value (failure)`.
private func evaluate(_ text: String, _ event: TestEvent = event) throws -> String {
    event.evaluate(try SQLExpression(text)) { value, failure in
        let shown = switch value {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .string(let bytes): "'\(String(decoding: bytes, as: UTF8.self))'"
        }
        return failure.map { "\(shown) (\($0))" } ?? shown
    }
}

@Suite("An expression of CloudEvents SQL")
struct SQLTests {
    @Test("takes the operators in the specification's order", arguments: [
        ("2 + 3 * 4", "14"), ("2 * 3 % 4", "2"), ("10 - 4 - 3", "3"), ("-2 * -3", "6"), ("1 + 1 = 2", "true"), ("- (2 + 3)", "-5"),
        // NOT binds tighter than anything, and AND, OR and XOR alike.
        ("NOT 'true' = 'false'", "true"), ("NOT flag LIKE 'false'", "true"), ("NOT EXISTS subject", "false"),
        ("true OR true AND false", "false"), ("true OR (true AND false)", "true"), ("true XOR true OR true", "true"),
        ("source LIKE '/shop/%' AND type IN ('order.created') = true", "true"), ("1 + 2 IN (2)", "2"), ("(1 + 2) IN (2, 3)", "true"),
        ("hop IN (5) AND hop NOT IN (4)", "true"), ("type NOT LIKE 'order.%' OR subject = 'Größe'", "true"),
    ])
    func order(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("takes keywords and functions in any case", arguments: ["not exists subject or Length(subject) = 5", "eXiSts type aNd tRUE xOr FALSE"])
    func keywords(text: String) throws { #expect(try evaluate(text) == "true") }

    @Test("casts as the right operand says, and IN as the left one does", arguments: [
        ("hop = 5", "true"), ("hop = '05'", "false"), ("5 = hop", "true"), ("flag = true", "true"), ("true = flag", "false"),
        ("true = 'true'", "true"), ("0 = false", "true"), ("7 = true", "true"), ("true = 1", "true"), ("1 IN (hop, '1')", "true"),
        ("hop IN (4, 5)", "true"), ("'+5' + '-7'", "-2"), ("1 AND 2", "true"), ("0 OR 0", "false"), ("3 XOR 0", "true"), ("12 LIKE '1_'", "true"),
        ("type = 5", "false (cast)"), ("'' + 1", "1 (cast)"), ("' 1' + 1", "1 (cast)"), ("'2147483648' + 0", "0 (cast)"),
        ("'-2147483648' + 0", "-2147483648"), ("'x' AND true", "false (cast)"), ("type XOR true", "true (cast)"), ("NOT 0", "true (cast)"),
        ("INT('7') + BOOL('True') = 8", "true"), ("STRING(12) = '12'", "true"), ("IS_INT(hop) AND NOT IS_INT(type)", "true"),
        ("IS_BOOL(flag) AND NOT IS_BOOL(hop)", "true"),
    ])
    func casts(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("never overflows", arguments: [
        ("2147483647 + 1", "0 (math)"), ("-2147483648 - 1", "0 (math)"), ("65536 * 65536", "0 (math)"), ("-2147483648 / -1", "0 (math)"),
        ("-2147483648 % -1", "0"), ("-(-2147483648)", "0 (math)"), ("-7 / 2", "-3"), ("-7 % 2", "-1"), ("7 % -2", "1"), ("1 % 0 = 0", "false (math)"),
        ("ABS(-2147483648)", "2147483647 (math)"), ("SUBSTRING('abc', -2147483648)", "'' (functionEvaluation)"),
        ("SUBSTRING('abc', 2, 2147483647)", "'bc'"), ("LEFT('abc', -2147483648)", "'abc' (functionEvaluation)"),
    ])
    func overflow(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("gives the zero value around what failed", arguments: [
        ("nothing", "false (missingAttribute)"), ("nothing = 'a'", "false (missingAttribute)"), ("nothing != 'a'", "false (missingAttribute)"),
        ("nothing NOT LIKE 'a'", "false (missingAttribute)"), ("nothing NOT IN ('a')", "false (missingAttribute)"),
        ("1 + LENGTH(nothing)", "0 (missingAttribute)"), ("CONCAT('a', nothing)", "'' (missingAttribute)"), ("1 / 0 / nothing", "0 (math)"),
        ("EXISTS nothing OR nothing = 1", "false (missingAttribute)"), ("EXISTS nothing AND nothing = 1", "false"),
        ("type = 'order.created' OR nothing = 1", "true"), ("nothing = 1 OR true", "false (missingAttribute)"),
        ("EXISTS text AND text = ''", "true"),
    ])
    func zeroes(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("counts characters, not bytes", arguments: [
        ("LENGTH(subject)", "5"), ("UPPER(subject)", "'GRÖSSE'"), ("LOWER('ÀÉ')", "'àé'"), ("LEFT(subject, 3)", "'Grö'"), ("RIGHT(subject, 2)", "'ße'"),
        ("SUBSTRING(subject, 3, 2)", "'öß'"), ("SUBSTRING(subject, -3)", "'öße'"), ("TRIM('\u{2003}\u{3000} ö ß\u{A0}\u{9}')", "'ö ß'"), ("TRIM('  ')", "''"),
        ("subject LIKE 'Gr__e'", "true"), ("subject LIKE '%_ß_'", "true"), ("subject LIKE '______'", "false"), ("LENGTH('')", "0"),
        ("CONCAT_WS('-', 1, true, subject)", "'1-true-Größe'"), ("CONCAT_WS('-', '', '')", "'-'"), ("CONCAT(LEFT('', 0), '')", "''"), ("SUBSTRING('', 1)", "'' (functionEvaluation)"),
        ("SUBSTRING('abc', 2, -1)", "'' (functionEvaluation)"), ("SUBSTRING('abc', 3, 0)", "''"),
    ])
    func characters(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("reads strings with either quote", arguments: [
        (#"'a"b\'c\d'"#, #"'a"b'c\d'"#), (#""a'b\"c\'""#, #"'a'b"c\''"#), (#"'a\\b'"#, #"'a\\b'"#),
    ])
    func strings(text: String, value: String) throws { #expect(try evaluate(text) == value) }

    @Test("that is wrong says at which character, and what to write", arguments: [
        ("", 1, "is empty; write a condition such as type = 'order.created'"),
        ("  ", 3, "is empty; write a condition such as type = 'order.created'"),
        ("type = ", 8, "a value is missing before the end"),
        ("'öü' = AND x", 8, "a value is missing before AND"),
        ("(type = 'a'", 12, "a ) is missing before the end"),
        ("type = 'a')", 11, "the expression could end before ); write an operator such as AND or = between two values"),
        ("type = 'a", 8, "the string that begins here has no end; close it with '"),
        (#"'a\'"#, 1, "the string that begins here has no end; close it with '"),
        ("type LIKE subject", 11, "LIKE needs a pattern in quotes behind it, as in source LIKE '/shop/%'"),
        ("type NOT = 'a'", 10, "NOT after a value needs LIKE or IN behind it, as in subject NOT LIKE 'a%'"),
        ("type IN 'a'", 9, "IN needs a list in parentheses behind it, as in type IN ('a', 'b')"),
        ("type IN ()", 10, "a value is missing before )"),
        ("EXISTS 'a'", 8, "EXISTS needs an attribute behind it, as in EXISTS subject"),
        ("EXISTS Subject", 8, "\"Subject\" is not the name of a CloudEvents attribute: a-z and 0-9 only; did you mean subject?"),
        ("data = 'a'", 1, "data is not an attribute; these filters see context attributes only"),
        ("1 = 2147483648", 5, "2147483648 does not fit into 32 bits; compare it as text, in quotes"),
        ("1 = -2147483649", 6, "-2147483649 does not fit into 32 bits; compare it as text, in quotes"),
        ("type == 'a'", 7, "a value is missing before ="),
        ("type ! 'a'", 6, "\"!\" means nothing here; write != or NOT"),
        ("type = 5ö", 9, "\"ö\" means nothing here; text needs quotes"),
        ("+type", 2, "+ needs digits or a value before it"),
        ("LEN(type) = 1 ", 1, "there is no function LEN; there are LENGTH, CONCAT, CONCAT_WS, LOWER, UPPER, TRIM, LEFT, RIGHT, SUBSTRING, ABS, INT, BOOL, STRING, IS_INT, IS_BOOL"),
        ("1 = LENGTH()", 5, "LENGTH takes 1 argument, not 0"),
        ("SUBSTRING(id) = ''", 1, "SUBSTRING takes 2 to 3 arguments, not 1"),
        ("CONCAT_WS() = ''", 1, "CONCAT_WS takes 1 arguments or more, not 0"),
        ("CONCAT(id,) = ''", 11, "a value is missing before )"),
    ])
    func errors(text: String, character: Int, message: String) {
        let error = #expect(throws: SQLSyntaxError.self) { try SQLExpression(text) }
        #expect(error?.character == character)
        #expect(error?.message == message)
    }

    @Test("is bounded in length and in depth", arguments: [
        String(repeating: "(", count: 100_000), String(repeating: "(", count: 16_000) + "true" + String(repeating: ")", count: 16_000),
        String(repeating: "NOT ", count: 4_000) + "true", String(repeating: "-", count: 16_000) + "1", String(repeating: "UPPER(", count: 2_000),
        String(repeating: "a IN (", count: 2_000),
    ])
    func bounds(text: String) {
        let error = #expect(throws: SQLSyntaxError.self) { try SQLExpression(text) }
        #expect(error?.message.contains("divide it into several filters") == true)
    }

    @Test("may be long where it is not deep")
    func long() throws {
        #expect(try evaluate("0" + String(repeating: "+1", count: 8_000)) == "8000")
        #expect(try evaluate("true" + String(repeating: " AND true", count: 1_800)) == "true")
        #expect(try evaluate("LENGTH(CONCAT('a'" + String(repeating: ",'a'", count: 4_000) + "))") == "4001")
        #expect(try evaluate("id IN ('a'" + String(repeating: ",'a'", count: 4_000) + ", '1')") == "true")
        #expect(try evaluate(String(repeating: "(", count: 64) + "id" + String(repeating: ")", count: 64)) == "'1'")
    }

    @Test("makes no strings without end of a long attribute")
    func longStrings() throws {
        let event = TestEvent(["subject": String(repeating: "a", count: 1 << 20)])
        let arguments = { (count: Int) in Array(repeating: "subject", count: count).joined(separator: ", ") }
        #expect(try evaluate("LENGTH(CONCAT(\(arguments(10))))", event) == "10485760")
        #expect(try evaluate("LENGTH(CONCAT(\(arguments(20))))", event) == "0 (functionEvaluation)")
        #expect(try evaluate("LENGTH(CONCAT(\(arguments(10)))) = LENGTH(CONCAT(\(arguments(10))))", event) == "false (functionEvaluation)")
    }

    @Test("keeps the types that attributes have in JSON")
    func types() throws {
        let event = TestEvent()
        event.set("count", "10", .integer)
        event.set("flag", "true", .boolean)
        #expect(try evaluate("count", event) == "10" && evaluate("'010' = count", event) == "true")
        #expect(try evaluate("flag", event) == "true" && evaluate("'TRUE' = flag", event) == "true")
    }
}

@Suite("An sql filter")
struct SQLFilterTests {
    @Test("matches when its expression is true, and tells of errors and of what is no boolean", arguments: [
        ("source LIKE '/shop/%'", true, false), ("source LIKE '/x'", false, false), ("nothing = 'a'", false, true), ("nothing = 'a' OR true", false, true),
        ("flag", false, true), ("subject", false, true), ("true OR nothing", true, false),
    ])
    func matches(text: String, matches: Bool, fails: Bool) {
        var matched = ContiguousArray<Int32>()
        var failed: [Int32] = []
        let filter = FilterExpression.sql(text)
        let event = event
        TopicMatcher(filters: [[], [filter], [.not(filter)]]).match(event.event, into: &matched) { failed.append($0) }
        withExtendedLifetime(event) {}
        #expect(matched == (matches ? [0, 1] : [0, 2]))
        #expect(failed == (fails ? [1, 2] : []))
    }

    @Test("is found among many")
    func many() {
        let others = (0..<50).map { [FilterExpression.exact([AttributeOperand(attribute: "id", operand: "other-\($0)")])] }
        let expression = FilterExpression.sql("hop = 5"), failing = FilterExpression.sql("nothing = 5")
        let never = others[0][0]
        var matched = ContiguousArray<Int32>()
        var failed: [Int32] = []
        let event = event
        TopicMatcher(filters: others + [[expression], [.any([never, expression])], [expression, never], [.not(failing)], [failing]])
            .match(event.event, into: &matched) { failed.append($0) }
        withExtendedLifetime(event) {}
        #expect(matched == [50, 51, 53])
        #expect(failed == [53, 54])
    }

    @Test("gives booleans only", arguments: [("LENGTH(subject)", "an integer"), ("'a'", "text"), ("1 + 1", "an integer"), ("UPPER(type)", "text")])
    func kinds(text: String, kind: String) {
        let problem = FilterExpression.all([.sql(text)]).problems().first
        #expect(problem?.path == "all[0].sql")
        #expect(problem?.message == "gives \(kind), not true or false; compare it with something, as in type = 'order.created'")
    }

    @Test("that is wrong is a problem with its place")
    func problems() {
        #expect(FilterExpression.sql("type = ").problems().map(\.message) == ["at character 8 of the expression: a value is missing before the end"])
        #expect(FilterExpression.sql("true").problems().isEmpty && FilterExpression.sql("true").warnings.isEmpty)
    }

    @Test("says which condition does not hold, and of what value", arguments: [
        ("source LIKE '/a/%' AND hop = 5", "`source LIKE '/a/%'` is false: source is '/shop/eu'"),
        ("hop = 5 AND source LIKE '/a/%'", "`source LIKE '/a/%'` is false: source is '/shop/eu'"),
        ("hop = 5 and (type = 'a' OR subject = type) and true", "`(type = 'a' OR subject = type)` is false: type is 'order.created', subject is 'Größe'"),
        ("type = 'a' OR hop = 4 AND true", "`type = 'a' OR hop = 4` is false: type is 'order.created', hop is '5'"),
        ("hop > 1 AND nothing = 1", "`nothing = 1` is an error (an attribute is missing): nothing is absent"),
        ("hop / 0 = 1", "`hop / 0 = 1` is an error (a division by zero, or a number of more than 32 bits): hop is '5'"),
        ("type > 1", "`type > 1` is an error (a value is not of the type that is needed): type is 'order.created'"),
        ("flag", "`flag` is neither true nor false: flag is 'TRUE'"),
        ("1 = 2", "`1 = 2` is false"),
    ])
    func reasons(text: String, reason: String) {
        #expect(event.explain(.sql(text)) == [reason])
        #expect(event.explain(.any([.sql(text)])) == ["none of: \(reason)"])
        #expect(!event.matches(.sql(text)))
    }

    @Test("that matches says why inside not")
    func inside() {
        #expect(event.explain(.sql("hop = 5 AND true")).isEmpty)
        #expect(event.explain(.not(.sql("hop = 5 AND true"))) == ["excluded, because `hop = 5 AND true` is true: hop is '5'"])
    }
}
