import Avro
import Testing

@Suite struct AvroSchemaTests {
    @Test("Names are those of their namespace")
    func namespaces() throws {
        let type = """
            {"type": "record", "name": "A", "namespace": "x.y", "fields": [
              {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["S"]}},
              {"name": "full", "type": "x.y.E"},
              {"name": "other", "type": {"type": "record", "name": "z.B", "fields": [
                {"name": "f", "type": {"type": "fixed", "name": "E", "size": 1}}, {"name": "own", "type": "E"}, {"name": "theirs", "type": "x.y.E"}]}},
              {"name": "again", "type": "z.E"},
              {"name": "own", "type": "E"}]}
            """
        #expect(
            try json([0, 0, 7, 8, 0, 9, 0], schema(type))
                == #"{"e":"S","full":"S","other":{"f":"Bw==","own":"CA==","theirs":"S"},"again":"CQ==","own":"S"}"#)
    }

    @Test("Types of referenced schemas are known, in order")
    func references() throws {
        let item = #"{"type": "record", "name": "shop.Item", "fields": [{"name": "n", "type": "int"}]}"#
        let list = #"{"type": "record", "name": "shop.List", "fields": [{"name": "items", "type": {"type": "array", "items": "Item"}}]}"#
        let order = #"{"type": "record", "name": "Order", "namespace": "other", "fields": [{"name": "list", "type": "shop.List"}]}"#
        #expect(try json([2, 6, 0], schema(order, references: [item, list])) == #"{"list":{"items":[{"n":3}]}}"#)
        let error = #expect(throws: AvroSchemaError.self) { try schema(order, references: [list]) }
        #expect(error.map { "\($0)" } == #"/fields/0/type/items: in a referenced schema: the type "Item" is not known"#)
    }

    @Test("What is no schema is refused with its place", arguments: [
        ("{", "is not JSON: the text ends too early (byte 1)"),
        ("7", "is not a type: a name, an object or an array is expected"),
        (#""strin""#, #"the type "strin" is not known"#),
        (#"{"name": "x"}"#, "has no type"),
        ("[]", "a union without types"),
        (#"["null", ["int"]]"#, "/1: a union directly in a union"),
        (#"{"type": "array"}"#, "has no items"),
        (#"{"type": "record", "name": "R"}"#, "has no array of fields"),
        (#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#,
            "/fields/1: a field of this name is there already"),
        (#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "map", "values": "X"}}]}"#,
            #"/fields/0/type/values: the type "X" is not known"#),
        (#"[{"type": "fixed", "name": "F", "size": 1}, {"type": "fixed", "name": "F", "size": 1}]"#, #"/1: the type "F" is declared twice"#),
        (#"{"type": "fixed", "name": "F", "size": -1}"#, "has no size"),
        (#"{"type": "enum", "name": "int", "symbols": []}"#, "has the name of a primitive type"),
    ])
    func wrong(_ text: String, _ message: String) {
        let error = #expect(throws: AvroSchemaError.self) { try schema(text) }
        #expect(error.map { "\($0)" } == message)
    }

    @Test("Types are nested up to a depth")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"type":"array","items":"#, count: levels) + #""int""# + String(repeating: "}", count: levels)
        }
        _ = try schema(nested(90))
        #expect(throws: AvroSchemaError.self) { try schema(nested(150)) }
    }
}
