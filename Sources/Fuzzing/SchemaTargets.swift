import Avro
import EventFormats
import JSONSchema
import SchemaRegistry

// Avro, JSON Schema, and what a schema registry says.
extension FuzzTarget {
    static let schemas: [FuzzTarget] = [
        FuzzTarget(
            "avro",
            seeds: [
                #"{"type":"record","name":"R","fields":[{"name":"a","type":["null","long"]},{"name":"r","type":["null","R"]}]}"# + "\n\u{2}\u{7}\u{0}",
                #"{"type":"map","values":{"type":"array","items":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}}"# + "\n\u{2}\u{2}a\u{2}\u{4}12\u{0}\u{0}",
                #"{"type":"fixed","name":"n.F","size":3}"# + "\nabc", #"{"type":"enum","name":"E","symbols":["A","B"]}"# + "\n\u{2}", "\"double\"\n12345678",
                #"["null",{"type":"array","items":"null"},"string","boolean","float","int","bytes"]"# + "\n\u{2}\u{6}\u{0}",
            ],
            words: [
                "\"type\":", "\"record\"", "\"fields\":[", "\"items\":", "\"null\"", "\"namespace\":\"x\"", "\"size\":", "\"scale\":", "\u{1}", "\u{2}", "\u{7F}",
            ]
        ) { input in
            let (text, value) = input.split(at: UInt8(ascii: "\n"))
            guard let schema = try? AvroSchema(Array(text)) else { return }
            let output = ByteWriter()
            guard (try? AvroDecoder.append(value, of: schema, to: output)) != nil else { return }
            require((try? JSONScanner.scan(output.bytes)) != nil, "a value that is not JSON")
        },
        FuzzTarget(
            "schema",
            seeds: [
                ##"{"type":"object","required":["a"],"properties":{"a":{"type":["integer","null"],"minimum":0},"b":{"$ref":"#/definitions/d"}},"definitions":{"d":{"items":{"$ref":"#"},"uniqueItems":true}}}"##
                    + "\n" + #"{"a":1,"b":[{"a":2},{"a":1.0,"é":null}]}"#,
                #"{"patternProperties":{"^[a-z]{1,3}\\d+$":{"multipleOf":0.01}},"additionalProperties":false,"propertyNames":{"maxLength":9}}"# + "\n" + #"{"ab12":4.35}"#,
                #"{"if":{"const":{"a":[1,"x"]}},"then":false,"else":{"anyOf":[{"enum":[1e2,"a"]},{"not":{"contains":{"type":"string"}}}],"oneOf":[true]}}"# + "\n[100,{}]",
                #"{"items":[{"minLength":1},{"pattern":"(a|b)*c?\\bé"}],"additionalItems":{"dependencies":{"a":["b"],"b":{"minProperties":2}}}}"# + "\n" + #"["\ud83d\ude00","aabc",{"a":1}]"#,
                ##"{"$id":"http://x/y","definitions":{"a":{"$id":"#n","$ref":"#/definitions/b"},"b":{"maxItems":1}},"allOf":[{"$ref":"#n"}]}"## + "\n[[]]",
            ],
            words: [
                "\"type\":", "\"$ref\":\"#\"", "\"$ref\":\"#/definitions/", "\"definitions\":{", "\"properties\":{", "\"items\":", "\"anyOf\":[", "\"oneOf\":[", "\"not\":",
                "\"if\":", "\"then\":", "\"enum\":[", "\"uniqueItems\":true", "\"pattern\":\"", "\"multipleOf\":", "{3,7}", "[^a-z]", "(?:", "\\\\p{L}", "\n", "1e400",
            ]
        ) { input in
            let (text, value) = input.split(at: UInt8(ascii: "\n"))
            guard let schema = try? Schema(path: "s.json", text: Array(text), read: { _ in .failure(SchemaFileError(message: "is not there")) }),
                (try? JSONScanner.scan(value)) != nil
            else { return }
            let validator = SchemaValidator()
            let failure = validator.validate(value, schema)
            require(validator.validate(value, schema) == failure, "a judgement that changes")
            guard let failure else { return }
            require(value.indices.contains(failure.offset), "a place outside of the value")
            require((failure.pointer.isEmpty || failure.pointer.first == "/") && !failure.pointer.contains("\n"), "a pointer that is none")
        },
        FuzzTarget(
            "registry",
            seeds: [#"{"schema":"\"string\"","schemaType":"AVRO","references":[{"name":"n","subject":"s","version":3}]}"#, #"{"error_code":40403,"message":"no"}"#],
            words: ["\"schema\":", "\"references\":[", "\"version\":"]
        ) { _ = RegisteredSchema(Array($0)) },
    ]
}
