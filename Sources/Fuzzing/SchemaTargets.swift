import Avro
import EventFormats
import SchemaRegistry

// Avro, and what a schema registry says.
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
            "registry",
            seeds: [#"{"schema":"\"string\"","schemaType":"AVRO","references":[{"name":"n","subject":"s","version":3}]}"#, #"{"error_code":40403,"message":"no"}"#],
            words: ["\"schema\":", "\"references\":[", "\"version\":"]
        ) { _ = RegisteredSchema(Array($0)) },
    ]
}
