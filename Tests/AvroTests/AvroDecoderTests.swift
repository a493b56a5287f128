import Avro
import Testing

@Suite struct AvroDecoderTests {
    @Test("Primitive values are JSON", arguments: [
        (#""null""#, [], "null"),
        (#""boolean""#, [1], "true"),
        (#"{"type": "int"}"#, long(-64), "-64"),
        (#"{"type": "int", "logicalType": "date"}"#, long(20_000), "20000"),
        (#""long""#, long(.min), "-9223372036854775808"),
        (#""long""#, long(.max), "9223372036854775807"),
        (#""float""#, bytes(Float(0.1)), "0.1"),
        (#""double""#, bytes(1e-7), "1e-07"),
        (#""double""#, bytes(Double.nan), #""NaN""#),
        (#""double""#, bytes(-Double.infinity), #""-Infinity""#),
        (#""bytes""#, [4, 0xFF, 0x00], #""/wA=""#),
        (#""string""#, text("a\"é\n"), #""a\"é\n""#),
        (#"{"type": "fixed", "name": "F", "size": 2}"#, [1, 2], #""AQI=""#),
        (#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#, long(1), #""B""#),
    ] as [(String, [UInt8], String)])
    func primitive(_ text: String, _ value: [UInt8], _ expected: String) throws {
        #expect(try json(value, schema(text)) == expected)
    }

    @Test("Decimals are numbers with all their digits", arguments: [
        ([] as [UInt8], 0, "0"), ([0], 2, "0.00"), ([5], 2, "0.05"), ([0xFB], 2, "-0.05"), ([0x04, 0xD2], 2, "12.34"), ([0x80], 0, "-128"),
        ([0xFF, 0x80], 1, "-12.8"), ([0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00], 4, "1844674407370955.1616"),
        ([0x0F] + [UInt8](repeating: 0xFF, count: 15), 0, "21267647932558653966460912964485513215"),
    ])
    func decimal(_ unscaled: [UInt8], _ scale: Int, _ expected: String) throws {
        let type = #"{"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": \#(scale)}"#
        #expect(try json(long(Int64(unscaled.count)) + unscaled, schema(type)) == expected)
        guard !unscaled.isEmpty else { return }
        let fixed = #"{"type": "fixed", "name": "D", "size": \#(unscaled.count), "logicalType": "decimal", "precision": 40, "scale": \#(scale)}"#
        #expect(try json(unscaled, schema(fixed)) == expected)
    }

    @Test("A decimal that is not right is what it is written as")
    func wrongDecimal() throws {
        let type = #"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3}"#
        #expect(try json([2, 5], schema(type)) == #""BQ==""#)
    }

    @Test("Records, maps, arrays and unions are plain JSON; blocks may say their size")
    func complex() throws {
        let type = """
            {"type": "record", "name": "shop.Order", "fields": [
              {"name": "id", "type": "string"},
              {"name": "note", "type": ["null", "string"]},
              {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "int"}]}}},
              {"name": "first", "type": ["null", "Item"]},
              {"name": "tags", "type": {"type": "map", "values": "long"}}]}
            """
        let value = text("o-1") + long(1) + text("hi") + long(1) + long(7) + long(-1) + long(1) + long(8) + long(0)
            + long(1) + long(9) + long(2) + text("a") + long(1) + text("b") + long(2) + long(0)
        #expect(
            try json(value, schema(type))
                == #"{"id":"o-1","note":"hi","items":[{"n":7},{"n":8}],"first":{"n":9},"tags":{"a":1,"b":2}}"#)
    }

    @Test("A type may contain itself, up to a depth")
    func recursion() throws {
        let list = try schema(#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#)
        #expect(try json([2, 2, 0], list) == #"{"next":{"next":{"next":null}}}"#)
        #expect(try json([UInt8](repeating: 2, count: 199) + [0], list).count > 1000)
        let error = #expect(throws: AvroError.self) { try json([UInt8](repeating: 2, count: 100_000) + [0], list) }
        #expect(error?.problem == .tooDeep)
        let endless = try schema(#"{"type": "record", "name": "E", "fields": [{"name": "e", "type": "E"}]}"#)
        #expect(throws: AvroError.self) { try json([], endless) }
    }

    @Test("What takes no bytes takes a bounded number of them in JSON")
    func nothings() throws {
        let nulls = try schema(#"{"type": "array", "items": "null"}"#)
        #expect(try json(long(3) + long(0), nulls) == "[null,null,null]")
        let error = #expect(throws: AvroError.self) { try json(long(.max) + long(0), nulls) }
        #expect(error?.problem == .tooLong(limit: AvroDecoder.outputLimit(for: 11)))
        // Doubles with each level.
        var type = #"{"type": "record", "name": "R0", "fields": []}"#
        for level in 1...40 {
            type = #"{"type": "record", "name": "R\#(level)", "fields": [{"name": "a", "type": \#(type)}, {"name": "b", "type": "R\#(level - 1)"}]}"#
        }
        #expect(throws: AvroError.self) { try json([], schema(type)) }
    }

    @Test("Malformed values are refused, with the byte and the place in the value", arguments: [
        (#""int""#, long(1 << 31), 0, "", AvroError.Problem.badInteger),
        (#""long""#, [UInt8](repeating: 0xFF, count: 10), 0, "", .badInteger),
        (#""long""#, [0x80], 1, "", .unexpectedEnd),
        (#""boolean""#, [2], 0, "", .badBoolean),
        (#""string""#, [2, 0xC0], 1, "", .badUTF8),
        (#""string""#, [1], 0, "", .badLength),
        (#""bytes""#, long(.max), 10, "", .unexpectedEnd),
        (#""null""#, [0], 0, "", .trailingBytes),
        (#"["null", "int"]"#, [4], 0, "", .badUnionBranch),
        (#"{"type": "enum", "name": "E", "symbols": ["A"]}"#, [2], 0, "", .badSymbol),
        (#"{"type": "map", "values": {"type": "record", "name": "R", "fields": [{"name": "x", "type": "double"}]}}"#,
            [2, 2, 0x61, 0], 3, "/0/x", .unexpectedEnd),
        (#"{"type": "array", "items": "long"}"#, [1] + long(-1), 1, "", .badLength),
        (#"{"type": "array", "items": "long"}"#, long(.min), 0, "", .badInteger),
        (#"{"type": "bytes", "logicalType": "decimal", "precision": 9}"#, long(513) + [UInt8](repeating: 1, count: 513), 2, "", .longDecimal),
    ] as [(String, [UInt8], Int, String, AvroError.Problem)])
    func malformed(_ text: String, _ value: [UInt8], _ offset: Int, _ path: String, _ problem: AvroError.Problem) throws {
        let error = #expect(throws: AvroError.self) { try json(value, schema(text)) }
        #expect(error?.offset == offset)
        #expect(error?.path == path)
        #expect(error?.problem == problem)
    }

    @Test("Every prefix of a value is malformed, and no content is in the message")
    func prefixes() throws {
        let type = try schema(#"{"type": "record", "name": "R", "fields": [{"name": "secret", "type": "string"}, {"name": "f", "type": "double"}]}"#)
        let value = text("hunter2") + bytes(1.5)
        for count in value.indices {
            let error = #expect(throws: AvroError.self) { try json(Array(value[..<count]), type) }
            #expect(error.map { !"\($0)".contains("hunter") } == true)
        }
    }
}
