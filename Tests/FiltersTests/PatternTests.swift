import EventModel
import Filters
import Testing

@Suite("A pattern")
struct PatternTests {
    @Test("passes event-ruler's own cases", arguments: ["single.jsonl", "correctness_cases.jsonl"])
    func vectors(file: String) throws {
        guard let cases = try RulerCase.all(file) else { return }
        #expect(cases.count > 50)
        for ruler in cases {
            let filter = try pattern(ruler.pattern)
            #expect(filter.problems().isEmpty, "\(ruler.name): \(ruler.pattern)")
            let found = try withEvent(data: ruler.event) { event in
                #expect(TopicMatcher.explain([filter], event).isEmpty == ruler.matches, "\(ruler.name): \(ruler.pattern)")
                return matches(filter, event)
            }
            #expect(found == ruler.matches, "\(ruler.name): \(ruler.pattern) on \(ruler.event)")
        }
    }

    @Test("compares values", arguments: [
        (#"["a"]"#, [#""a""#], [#""A""#, #""ab""#, "1", "null"]),
        (#"[""]"#, [#""""#], ["null", #"" ""#]),
        ("[100]", ["100", "1e2", "100.0", "[7, 100]"], ["100.5", #""100""#, "-100"]),
        ("[0]", ["0", "-0", "0.0", "0e5"], ["1e-400", "false"]),
        ("[12345678901234567890]", ["12345678901234567890"], ["12345678901234567891", "12345678901234567168"]),
        ("[1e400]", ["1e400"], ["1e401", "1E400"]),
        ("[true, null]", ["true", "null"], ["false", #""true""#, "0"]),
        (#"[{"exactly": "1.2.3.4"}]"#, [#""1.2.3.4""#], [#""1.2.3.5""#]),
        (#"["2001:db8::1"]"#, [#""2001:DB8:0:0::1""#], [#""2001:db8::2""#]),
        (#"[{"prefix": "é"}]"#, [#""école""#, #""\u00e9""#], [#""ecole""#, #""É""#]),
        (#"[{"prefix": ""}]"#, [#""""#, #""x""#], ["1"]),
        (#"[{"prefix": {"equals-ignore-case": "Éc"}}]"#, [#""école""#, #""ÉCOLE""#], [#""ecole""#, #""é""#]),
        (#"[{"suffix": {"equals-ignore-case": "ΣΑΣ"}}]"#, [#""σας""#, #""xΣΑσ""#], [#""σα""#]),
        (#"[{"equals-ignore-case": "Straße"}]"#, [#""STRAßE""#], [#""STRASSE""#]),
        (#"[{"suffix": "\"}"}]"#, [#""a\"}""#], [#""a}""#]),
        (#"[{"wildcard": "*"}]"#, [#""""#, #""x""#], ["1"]),
        (#"[{"wildcard": "a*b*c"}]"#, [#""abc""#, #""a--b--c""#, #""abbcbc""#], [#""ab""#, #""acb""#, #""abcx""#]),
        (#"[{"wildcard": "a*a"}]"#, [#""aa""#], [#""a""#]),
        (#"[{"wildcard": "*aab*"}]"#, [#""aaab""#, #""aaaab-""#], [#""aaa""#]),
        (#"[{"wildcard": "\\*\\\\*"}]"#, [#""*\\""#, #""*\\x""#], [#""a\\""#]),
        (#"[{"numeric": [">=", 100]}]"#, ["100", "1e300"], ["99.999", #""100""#, "1e999", "100.00000000000000001"]),
        (#"[{"numeric": [">", -1, "<=", 0.5]}]"#, ["0", "0.5", "-0.999"], ["-1", "0.50001"]),
        (#"[{"numeric": ["=", 3.018e2]}]"#, ["301.8", "3018e-1"], ["301.80001"]),
        (#"[{"cidr": "10.1.2.3/8"}]"#, [#""10.0.0.0""#, #""10.255.255.255""#], [#""11.0.0.0""#, #""::a00:1""#, "10", #""10.0.0""#, #""10.0.0.1\u0000""#]),
        (#"[{"cidr": "2001:db8::/32"}]"#, [#""2001:db8:ffff::""#], [#""2001:db9::""#, #""10.0.0.1""#]),
        (#"[{"anything-but": "a"}]"#, [#""b""#, "1", "null", #"["a", "b"]"#], [#""a""#, #"["a"]"#, "[]", "{}"]),
        (#"[{"anything-but": [1, 2]}]"#, ["3", #""1""#], ["1", "2.0"]),
        (#"[{"anything-but": {"prefix": ["a", "b"]}}]"#, [#""ca""#, "1"], [#""ab""#, #""b""#]),
        (#"[{"anything-but": {"equals-ignore-case": "A"}}]"#, [#""ab""#], [#""a""#, #""A""#]),
        (#"[{"anything-but": {"wildcard": "*x*"}}]"#, [#""a""#], [#""axa""#]),
        (#"[{"exists": true}]"#, ["null", "[1]", #""""#], ["[]", "{}", #"{"y": 1}"#]),
        (#"[{"exists": false}]"#, ["[]", "{}", #"{"y": 1}"#], ["null", "[[1]]"]),
        (#"[{"exists": false}, 5]"#, ["[]", "5"], ["4"]),
    ] as [(String, [String], [String])])
    func values(matchers: String, yes: [String], no: [String]) throws {
        let filter = try pattern("{\"x\": \(matchers)}")
        #expect(filter.problems().isEmpty)
        for value in yes { #expect(try withEvent(data: "{\"x\": \(value)}") { matches(filter, $0) }, "\(matchers) \(value)") }
        for value in no { #expect(try !withEvent(data: "{\"x\": \(value)}") { matches(filter, $0) }, "\(matchers) \(value)") }
    }

    @Test("sees attributes at the top and a JSON payload under data, nothing else")
    func envelope() throws {
        let top = FilterExpression.pattern(try TestJSON(#"{"type": [{"prefix": "order."}], "tenant": ["acme"], "n": [5], "specversion": ["1.0"]}"#).tree)
        let attributes = TestEvent(["id": "1", "source": "/s", "type": "order.created", "tenant": "acme"])
        var event = attributes.event
        #expect(!matches(top, event))
        let five = try TestJSON("5")
        event.extensions.append(.init(name: UnsafeRawBufferPointer(start: ("n" as StaticString).utf8Start, count: 1), value: five.raw, kind: .integer))
        #expect(matches(top, event))
        let data = FilterExpression.pattern(try TestJSON(#"{"data": [5]}"#).tree)
        event.data = five.raw
        for (kind, expected) in [(Event.DataKind.json, true), (.text, false), (.binary, false), (.none, false)] {
            event.dataKind = kind
            #expect(matches(data, event) == expected)
        }
        withExtendedLifetime((attributes, five)) {}
    }

    @Test("takes names with dots for objects inside each other, and escapes for what they mean")
    func names() throws {
        for event in [#"{"a": {"b.c": 1}}"#, #"{"a.b": {"c": 1}}"#, #"{"\u0061.b.c": 1}"#, #"[{"a": [{"b": {"c": [1]}}]}]"#] {
            for text in [#"{"a": {"b": {"c": [1]}}}"#, #"{"a.b.c": [1]}"#] {
                #expect(try withEvent(data: event) { matches(try pattern(text), $0) }, "\(text) \(event)")
            }
        }
    }

    @Test("wants values that are together in every array that both are in")
    func arrays() throws {
        let filter = try pattern(#"{"o": {"a": [1], "b": [1], "i": {"c": [1]}}, "t": [1]}"#)
        let yes = [
            #"{"o": [{"a": 2}, {"a": 1, "b": 1, "i": [{"c": 0}, {"c": 1}]}], "t": [0, 1]}"#,
            #"{"o": [[{"a": 1, "b": 1, "i": {"c": 1}}]], "t": 1}"#,
            #"{"o": {"a": [[1], 0], "b": [0, 1], "i": [[{"c": [1]}]]}, "t": 1}"#,
        ]
        let no = [
            #"{"o": [{"a": 1, "b": 2, "i": {"c": 1}}, {"a": 2, "b": 1, "i": {"c": 1}}], "t": 1}"#,
            #"{"o": [{"a": 1, "b": 1}, {"i": {"c": 1}}], "t": 1}"#,
            #"{"o": {"a": [[1], [2]], "b": [2], "i": {"c": 1}}, "t": 1}"#,
        ]
        for event in yes { #expect(try withEvent(data: event) { matches(filter, $0) }, "\(event)") }
        for event in no { #expect(try !withEvent(data: event) { matches(filter, $0) }, "\(event)") }
    }

    @Test("finds the one element of a long array")
    func longArrays() throws {
        let items = (0..<3000).map { #"{"a": \#($0), "b": \#(($0 + 1) % 3000), "c": [{"d": \#($0)}]}"# }
        let event = "{\"o\": [\(items.joined(separator: ","))]}"
        #expect(try withEvent(data: event) { matches(try pattern(#"{"o": {"a": [2998], "b": [2999], "c": {"d": [{"exists": true}]}}}"#), $0) })
        #expect(try !withEvent(data: event) { matches(try pattern(#"{"o": {"a": [{"exists": true}], "b": [2999], "c": {"d": [2999]}}}"#), $0) })
    }

    @Test("takes nothing for absent where the search for values in the same elements is given up")
    func givenUp() throws {
        func elements(_ member: String) -> String { "[" + Array(repeating: "{\"\(member)\": 1}", count: 400).joined(separator: ",") + "]" }
        let event = "{\"a\": \(elements("x")), \"b\": \(elements("y")), \"z\": 1}"
        let filter = try pattern(#"{"a": {"x": [1]}, "b": {"y": [1]}, "z": [{"exists": false}]}"#)
        #expect(try !withEvent(data: event) { matches(filter, $0) })
    }

    @Test("finds values in and beside inner arrays, however they are mixed")
    func mixedArrays() throws {
        let inner = (0..<5_000).map { "[{\"b\": \($0)}, [\($0)]]" }
        let outer = (0..<5_000).map { "\(-$0)" }
        let event = "{\"a\": [\((inner + outer).joined(separator: ","))]}"
        #expect(try withEvent(data: event) { matches(try pattern(#"{"a": [-4999], "a.b": [{"exists": true}]}"#), $0) })
        #expect(try withEvent(data: event) { matches(try pattern(#"{"a": [4999], "a.b": [{"exists": true}]}"#), $0) } == false)
    }

    @Test("with $or wants one of its alternatives, and otherwise $or is a name like others")
    func alternatives() throws {
        let filter = try pattern(#"{"s": [1], "$or": [{"a": [1]}, {"b": [1], "$or": [{"c": [1]}, {"d": [1]}]}]}"#)
        for event in [#"{"s": 1, "a": 1}"#, #"{"s": 1, "b": 1, "d": 1}"#] { #expect(try withEvent(data: event) { matches(filter, $0) }) }
        for event in [#"{"a": 1}"#, #"{"s": 1, "b": 1}"#, #"{"s": 1, "c": 1}"#] { #expect(try !withEvent(data: event) { matches(filter, $0) }) }
        for text in [#"{"$or": {"a": [1]}}"#, #"{"$or": {"a": [{"prefix": "x"}, 1]}}"#] {
            #expect(try withEvent(data: #"{"$or": {"a": 1}}"#) { matches(try pattern(text), $0) })
        }
    }

    @Test("says what failed first and what the event has there", arguments: [
        (#"{"amount": [{"numeric": [">=", 100]}], "z": [1]}"#, #"data.amount is 99, and not >= 100"#),
        (#"{"currency": ["EUR", "USD"]}"#, #"data.currency is "GBP", and not "EUR" or "USD""#),
        (#"{"amount": [{"exists": false}]}"#, "data.amount is 99, and not absent"),
        (#"{"nothing": [1]}"#, "data.nothing is absent"),
        (#"{"currency": [{"anything-but": {"prefix": ["G", "E"]}}]}"#, #"data.currency is "GBP", and not anything-but prefix "G" or "E""#),
        (#"{"ip": [{"cidr": "10.0.0.0/8"}], "amount": [{"numeric": [">", 0, "<=", 99]}]}"#, #"data.ip is "1.2.3.4", and not in 10.0.0.0/8"#),
        (#"{"tags": ["x"]}"#, #"data.tags is "a", "b", 1, 2, 3, ..., and not "x""#),
        (#"{"o": {"a": [1], "b": [2]}}"#, "no single element of an array has data.o.a, data.o.b together"),
        (#"{"$or": [{"amount": [1]}, {"currency": ["EUR"]}]}"#, #"none of: data.amount is 99, and not 1; data.currency is "GBP", and not "EUR""#),
    ])
    func reasons(text: String, reason: String) throws {
        let data = #"{"amount": 99, "currency": "GBP", "ip": "1.2.3.4", "tags": ["a", "b", 1, 2, 3, 4], "o": [{"a": 1}, {"b": 2}]}"#
        #expect(try withEvent(data: data) { TopicMatcher.explain([try pattern(text)], $0) } == [reason])
    }

    @Test("says why it does match where it is not to")
    func exclusion() throws {
        let filter = FilterExpression.not(try pattern(#"{"a": [1], "b": [{"numeric": ["<", 3]}]}"#))
        #expect(try withEvent(data: #"{"a": 1, "b": 2}"#) { TopicMatcher.explain([filter], $0) }
            == ["excluded, because data.a is 1 and data.b is 2, and < 3"])
        let event = TestEvent()
        #expect(event.explain(try pattern(#"{"a": [1]}"#)) == ["data.a is absent (the payload is not JSON)"])
    }

    @Test("is invalid with the path to the fault and what to write instead", arguments: [
        ("{}", "pattern.data: is empty"),
        (#"{"a": {}}"#, "pattern.data.a: is empty"),
        (#"{"a": []}"#, "pattern.data.a: is an empty list"),
        (#"{"a": "x"}"#, "pattern.data.a: must be a list of values, or a mapping of fields; write [\"x\"]"),
        (#"{"a": [[1]]}"#, "pattern.data.a[0]: is a list in a list"),
        (#"{"a": [{"prefix": "x", "suffix": "y"}]}"#, "pattern.data.a[0]: must have exactly one key"),
        (#"{"a": [1, {"prefx": "x"}]}"#, "pattern.data.a[1].prefx: is no matcher; there are exactly, prefix"),
        (#"{"a": [{"prefix": 1}]}"#, "pattern.data.a[0].prefix: must be text; write \"1\" in quotes"),
        (#"{"a": [{"prefix": {"wildcard": "x"}}]}"#, "pattern.data.a[0].prefix: must be text, or { equals-ignore-case: TEXT }"),
        (#"{"a": [{"wildcard": "a**b"}]}"#, "pattern.data.a[0].wildcard: has two * in a row"),
        (#"{"a": [{"wildcard": "a\\b"}]}"#, "pattern.data.a[0].wildcard: has a \\ that"),
        (#"{"a": [{"cidr": "10.0.0.0/32"}]}"#, "pattern.data.a[0].cidr: must be a range"),
        (#"{"a": [{"exists": "yes"}]}"#, "pattern.data.a[0].exists: must be true or false"),
        (#"{"a": [{"numeric": [">="]}]}"#, "pattern.data.a[0].numeric: must be a comparison"),
        (#"{"a": [{"numeric": [">=", "1"]}]}"#, "pattern.data.a[0].numeric[1]: must be a number, without quotes"),
        (#"{"a": [{"numeric": [">=", 1.00000000000000000001]}]}"#, "pattern.data.a[0].numeric[1]: has more digits"),
        (#"{"a": [{"numeric": ["<", 1, ">", 0]}]}"#, "pattern.data.a[0].numeric[0]: must be one of"),
        (#"{"a": [{"numeric": [">", 1, "<", 1]}]}"#, "pattern.data.a[0].numeric: holds no number"),
        (#"{"a": [{"anything-but": ["a", 1]}]}"#, "pattern.data.a[0].anything-but: must be text or a number"),
        (#"{"a": [{"anything-but": []}]}"#, "pattern.data.a[0].anything-but: must be text or a number"),
        (#"{"a": [{"anything-but": {"prefix": ""}}]}"#, "pattern.data.a[0].anything-but.prefix: must not be empty"),
        (#"{"a": [{"anything-but": {"numeric": ["=", 1]}}]}"#, "pattern.data.a[0].anything-but: must be a value"),
        (#"{"$or": [{"a": [1]}]}"#, "pattern.data.$or: needs at least two"),
        (#"{"$or": [{"a": [1]}, 2]}"#, "pattern.data.$or[1]: must be a mapping"),
        (#"{"$or": [{"a": [1]}, {"prefix": "x"}]}"#, "pattern.data.$or[1].prefix: is a matcher, not a field"),
    ])
    func problems(text: String, expected: String) throws {
        let problems = try pattern(text).problems().map { "\($0.path): \($0.message)" }
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test("is invalid where the top names something that is no attribute")
    func top() throws {
        func problems(_ text: String) throws -> [String] { FilterExpression.pattern(try TestJSON(text).tree).problems().map { "\($0.path): \($0.message)" } }
        #expect(try problems(#"{"orderId": [1]}"#).first?.hasPrefix("pattern.orderId: is no attribute") == true)
        #expect(try problems(#"{"$or": [{"Type": ["a"]}, {"type": ["b"]}]}"#).first?.hasPrefix("pattern.$or[0].Type: is no attribute") == true)
        #expect(try problems(#"{"type": ["a"], "data.x": [1], "$or": [{"subject": ["a"]}, {"data": {"y": [1]}}]}"#).isEmpty)
        #expect(try problems("[1]").first?.hasPrefix("pattern: must be a mapping") == true)
        let many = (0..<4).map { index in "\"x\(index)\": {\"$or\": [\((0..<6).map { "{\"a\": [\($0)]}" }.joined(separator: ","))]}" }
        #expect(try problems("{\"data\": {\(many.joined(separator: ","))}}").first?.contains("more than 1000 combinations") == true)
    }
}

@Suite("Many patterns")
struct ManyPatternsTests {
    @Test("match as each by itself, and as the description says", arguments: 1...12 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) throws {
        var random = RandomPatterns(generator: SeededGenerator(seed: seed))
        let patterns = (0..<60).map { _ in PatternTree.object([.init("data", random.pattern())]) }
        let filters = patterns.enumerated().map { index, tree -> [FilterExpression] in
            #expect(FilterExpression.pattern(tree).problems().isEmpty, "\(tree.json)")
            return switch index % 6 {
            case 0: [.not(.pattern(tree))]
            case 1: [.pattern(tree), prefix("type", "order.")]
            case 2: [.any([exact("type", "x"), .pattern(tree)])]
            default: [.pattern(tree)]
            }
        }
        let all = TopicMatcher(filters: filters)
        for _ in 0..<50 {
            let payload = random.payload()
            let fields = NaivePattern.fields(.object([("data", payload)]))
            let expected = patterns.indices.filter { NaivePattern.matches(patterns[$0], fields) != ($0 % 6 == 0) }.map { Int32($0) }
            try withEvent(data: payload.json) { event in
                var matches = ContiguousArray<Int32>()
                all.match(event, into: &matches)
                for wrong in Set(matches).symmetricDifference(expected) {
                    Issue.record("seed \(seed): \(patterns[Int(wrong)].json) on \(payload.json)")
                }
                #expect(matches.elementsEqual(expected))
            }
        }
    }

    @Test("and filters on attributes are found among thousands")
    func thousands() throws {
        var filters: [[FilterExpression]] = []
        for index in 0..<500 {
            filters += [
                [exact("tenant", "t\(index)")], [prefix("subject", "s\(index)-")], [suffix("subject", "-\(index)")],
                [try pattern("{\"amount\": [{\"numeric\": [\">=\", \(index), \"<\", \(index + 2)]}]}")],
                [exact("n", "\(index)"), prefix("type", "order.")],
                [try pattern("{\"path\": [{\"wildcard\": \"*/item\(index)/*\"}]}")],
            ]
        }
        let matcher = TopicMatcher(filters: filters)
        let seven = try TestJSON("7")
        try withEvent(data: #"{"amount": 7.5, "path": "/a/item70/b"}"#) { plain in
            let attributes = TestEvent(["tenant": "t7", "subject": "s7-x-17", "type": "order.created"])
            var event = attributes.event
            event.data = plain.data
            event.dataKind = .json
            event.extensions.append(.init(name: UnsafeRawBufferPointer(start: ("n" as StaticString).utf8Start, count: 1), value: seven.raw, kind: .integer))
            var matches = ContiguousArray<Int32>()
            matcher.match(event, into: &matches)
            #expect(matches == [39, 42, 43, 45, 46, 104, 425])
            withExtendedLifetime(attributes) {}
        }
        withExtendedLifetime(seven) {}
    }
}
