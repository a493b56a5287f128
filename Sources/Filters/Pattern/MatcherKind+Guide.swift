/// What people are told of the items of a pattern's lists.
extension MatcherKind {
    private static func pattern(_ item: String) -> String { #"{"pattern": {"data": {"x": [\#(item)]}}}"# }
    private static func event(_ value: String) -> String { #"{"data": {"x": \#(value)}}"# }

    /// - Parameters:
    ///   - taken: values of a field that it takes, as JSON.
    ///   - left: and those that it does not take.
    private static func guide(_ name: String, _ summary: String, cost: String, _ item: String, taken: [String], left: [String]) -> FilterGuide {
        FilterGuide(
            name, summary, cost: cost,
            taken.map { .yes(pattern(item), event($0)) } + left.map { .no(pattern(item), event($0)) })
    }

    /// Values that stand for themselves.
    static let values = [
        guide(
            "text", "This text, in the same case. An address matches however it is written.", cost: "found by the value", #""2001:db8::1""#,
            taken: [#""2001:DB8:0::1""#, #"["a", "2001:db8::1"]"#], left: [#""2001:db8::2""#, "1", "null"]),
        guide("number", "This number, however it is written.", cost: "found by the value", "100", taken: ["100.0", "1e2"], left: ["100.5", #""100""#]),
        guide("true, false, null", "This.", cost: "found by the value", "true", taken: ["true"], left: ["false", #""true""#, "1"]),
    ]

    var guide: FilterGuide {
        switch self {
        case .exactly:
            Self.guide(
                rawValue, "This text, also where it looks like an address.", cost: "found by the value", #"{"exactly": "10.0.0.1"}"#,
                taken: [#""10.0.0.1""#], left: [#""10.0.0.2""#])
        case .prefix:
            Self.guide(
                rawValue, "A text that begins so; `{ prefix: { equals-ignore-case: TEXT } }` in any case.", cost: "found by the beginning",
                #"{"prefix": {"equals-ignore-case": "Ab"}}"#, taken: [#""abc""#, #""ABBA""#], left: [#""cab""#])
        case .suffix:
            Self.guide(
                rawValue, "A text that ends so; `{ suffix: { equals-ignore-case: TEXT } }` in any case.", cost: "found by the end",
                #"{"suffix": "-XL"}"#, taken: [#""A-7-XL""#], left: [#""A-7-xl""#])
        case .equalsIgnoreCase:
            Self.guide(
                rawValue, "This text in any case, code point by code point.", cost: "found by the text in small letters",
                #"{"equals-ignore-case": "École"}"#, taken: [#""école""#, #""ÉCOLE""#], left: [#""ecole""#])
        case .wildcard:
            Self.guide(
                rawValue, #"A text where `*` stands for any run of characters; `\*` is a star, `\\` a backslash."#,
                cost: "found by up to eight bytes between two stars, at every place of the text; the more there are, the rarer",
                #"{"wildcard": "A-*-XL"}"#, taken: [#""A-7-XL""#, #""A--XL""#], left: [#""A-XL""#, #""B-7-XL""#])
        case .numeric:
            Self.guide(
                rawValue, "A number in this range; one comparison, or two.", cost: "found by the range, in a tree of all ranges of the field",
                #"{"numeric": [">=", 100, "<", 200]}"#, taken: ["100", "1.5e2"], left: ["200", #""150""#])
        case .cidr:
            Self.guide(
                rawValue, "A text that is an IPv4 or IPv6 address in this range.", cost: "found by the network: a look for each length that is asked for",
                #"{"cidr": "10.0.0.0/8"}"#, taken: [#""10.1.2.3""#], left: [#""11.0.0.1""#, #""10.1.2""#])
        case .exists:
            Self.guide(
                rawValue, "Any value, also `null`; with `false` none: the field is absent, an object, or an empty array.",
                cost: "found by whether there is a value: common, so better beside something rarer", #"{"exists": false}"#, taken: ["[]", "{}"],
                left: ["null", "[1]"])
        case .anythingBut:
            Self.guide(
                rawValue,
                "Any value except this: a text, a number, a list of either; or `{ prefix: X }`, `suffix`, `equals-ignore-case`, `wildcard` with a text or a list. A field that is absent does not match.",
                cost: "found by whether there is a value: common, so better beside something rarer", #"{"anything-but": ["a", "b"]}"#,
                taken: [#""c""#, "1", #"["a", "c"]"#], left: [#""a""#, #"["b"]"#, "[]"])
        }
    }
}
