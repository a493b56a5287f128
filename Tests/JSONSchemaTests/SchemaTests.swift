import EventFormats
import JSONSchema
import Testing

/// The first failure of a value, as `pointer message`; nil when it conforms.
func failure(_ value: String, _ schema: String, files: [String: String] = [:]) throws -> String? {
    let schema = try Schema(path: "schemas/s.json", text: Array(schema.utf8)) { path in
        files[path].map { .success(Array($0.utf8)) } ?? .failure(SchemaFileError(message: "cannot read \(path)"))
    }
    return Array(value.utf8).withUnsafeBytes { SchemaValidator().validate($0, schema) }.map { "\($0.pointer) \($0.message)" }
}

func problems(_ schema: String) -> [String] {
    do throws(SchemaErrors) {
        _ = try Schema(path: "s.json", text: Array(schema.utf8)) { .failure(SchemaFileError(message: "cannot read \($0)")) }
        return []
    } catch {
        return error.problems.map { "\($0.offset) \($0.message)" }
    }
}

@Suite struct SchemaTests {
    private let order = """
        {"type": "object", "required": ["id"], "additionalProperties": false,
         "properties": {"id": {"type": "string", "pattern": "^[a-z]{1,3}$"}, "items": {"type": "array", "items": {"$ref": "#/definitions/item"}}},
         "definitions": {"item": {"properties": {"price": {"type": "number", "minimum": 0, "multipleOf": 0.01}}}}}
        """

    @Test(arguments: [
        (#"{"id": "ab"}"#, nil),
        (#"{}"#, " has no member \"id\", which is required"),
        (#"[]"#, " is not of type object"),
        (#"{"id": "abcd"}"#, "/id does not match the pattern ^[a-z]{1,3}$"),
        (#"{"id": "a", "items": [{"price": 0.07}, {"price": 1e2}]}"#, nil),
        (#"{"id": "a", "items": [{"price": 0.07}, {"price": 0.075}]}"#, "/items/1/price is not a multiple of the multipleOf 0.01"),
        (#"{"id": "a", "items": [{"price": -0.1}]}"#, "/items/0/price is less than the minimum 0"),
        (#"{"id": "a", "e/x~y": 1}"#, "/e~1x~0y is not among the properties, and additionalProperties is false"),
    ] as [(String, String?)])
    func aFailureSaysWhereAndWhat(_ value: String, _ expected: String?) throws {
        #expect(try failure(value, order) == expected)
    }

    @Test func numbersAreExact() throws {
        #expect(try failure("9007199254740993", #"{"maximum": 9007199254740992}"#) != nil)
        #expect(try failure("9007199254740992.0", #"{"maximum": 9007199254740992}"#) == nil)
        #expect(try failure("1e400", #"{"maximum": 1e399}"#) != nil)
        #expect(try failure("4.35", #"{"multipleOf": 0.01}"#) == nil)
        #expect(try failure("1.0", #"{"type": "integer", "enum": [1]}"#) == nil)
    }

    @Test func namesAreComparedByTheirCharactersNotByTheirLooks() throws {
        let schema = #"{"properties": {"caf\u00e9": {"type": "string"}, "cafe\u0301": {"type": "number"}}}"#
        #expect(try failure(#"{"cafe\u0301": 1, "caf\u00e9": "a"}"#, schema) == nil)
        #expect(try failure(#"{"cafe\u0301": "a"}"#, schema) != nil)
    }

    @Test func aReferenceLeadsToAFileBesideTheSchema() throws {
        let files = ["schemas/common/money.json": #"{"definitions": {"amount": {"type": "integer"}}}"#]
        let schema = #"{"properties": {"total": {"$ref": "common/money.json#/definitions/amount"}}}"#
        #expect(try failure(#"{"total": 1}"#, schema, files: files) == nil)
        #expect(try failure(#"{"total": "1"}"#, schema, files: files) == "/total is not of type integer")
    }

    @Test func whatCannotBeUsedIsSaidAtItsPlace() {
        #expect(problems(##"{"$ref": "#/definitions/a"}"##) == ["9 $ref finds nothing at #/definitions/a"])
        #expect(problems(##"{"allOf": [{"$ref": "#"}]}"##) == ["0 this schema refers to itself without looking deeper into the value"])
        #expect(problems(#"{"type": "text"}"#) == ["9 type must be object, array, string, number, integer, boolean or null, or a list of them"])
        #expect(problems(#"{"pattern": "(?=a)"}"#) == ["12 pattern: the pattern looks ahead or behind, which is not supported, since it has no bounded cost"])
        #expect(problems(#"{"pattern": "(a)\\1"}"#) == ["12 pattern: the pattern refers back to a group, which is not supported, since it has no bounded cost"])
        #expect(problems(#"{"$ref": "https://example.com/a.json"}"#).first?.contains("nothing is fetched") == true)
    }

    @Test func tooManySchemasAreOneProblem() {
        let all = Array(repeating: "true", count: 10_010).joined(separator: ", ")
        #expect(problems("{\"allOf\": [\(all)]}").count == 1)
    }

    @Test func aSchemaThatBranchesAtEveryLevelEndsInBoundedSteps() throws {
        let schema = ##"{"anyOf": [{"properties": {"a": {"$ref": "#"}}, "required": ["x"]}, {"properties": {"a": {"$ref": "#"}}, "required": ["y"]}]}"##
        let value = String(repeating: #"{"a": "#, count: 60) + "{}" + String(repeating: "}", count: 60)
        #expect(try failure(value, schema)?.contains("takes more steps") == true)
    }

    @Test func aPatternThatOthersBacktrackOnTakesOneLookPerStep() throws {
        let text = "\"" + String(repeating: "a", count: 5000) + "!\""
        #expect(try failure(text, #"{"pattern": "^(a+)+$"}"#) == " does not match the pattern ^(a+)+$")
    }

    @Test func aPatternThatRepeatsNothingOverAndOverIsCompiledAtOnce() throws {
        #expect(try failure(#""a""#, #"{"pattern": "(((((){1000}){1000}){1000}){1000}){1000}"}"#) == nil)
    }
}
