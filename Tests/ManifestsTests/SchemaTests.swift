import Foundation
import Manifests
import Testing

/// The root of the package, for the files that are not code.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

@Suite struct SchemaTests {
    @Test func bothSchemasAreJSON() throws {
        for text in [manifestSchema(), configurationSchema()] {
            let schema = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            #expect(schema?["$schema"] as? String == "http://json-schema.org/draft-07/schema#")
            #expect(schema?["additionalProperties"] as? Bool == false)
        }
    }

    @Test func theCommittedSchemaIsTheGeneratedOne() throws {
        let file = packageRoot.appendingPathComponent("topics/schema.json")
        if ProcessInfo.processInfo.environment["FANFARE_WRITE_SCHEMA"] != nil {
            try Data(manifestSchema().utf8).write(to: file)
        }
        let committed = try String(contentsOf: file, encoding: .utf8)
        #expect(committed == manifestSchema(), "run this test once with FANFARE_WRITE_SCHEMA=1 and commit topics/schema.json")
    }

    @Test func anIndependentValidatorAgreesWithTheReader() throws {
        // Documents of which the reader thinks the same; `good` and `bad` by their first character.
        var documents: [[String: String]] = []
        for (text, isGood) in [
            (subscription("retry: { schedule: [5s, 1m], on: [network, 404, 5xx] }\nbatch: null\ndelivery: { http: 1.1, maxInFlight: \"${N:-5}\" }"), true),
            (subscription("filters: [ { any: [ { exact: { type: a } }, { not: { prefix: { type: b } } } ] } ]"), true),
            (subscription("window: null\ndeduplicate: null\npayload: { drop: [] }"), true),
            (subscription("filters: [ { pattern: { type: [a], data: { x: [ 1, null, { prefix: a } ], y: { z: [ { exists: false } ] } } } } ]"), true),
            (subscription("filters: [ { pattern: {} } ]"), false),
            (subscription("filters: [ { pattern: { data: [] } } ]"), false),
            (subscription("filters: [ { pattern: { type: a } } ]"), false),
            (subscription("filters: [ { sql: \"source LIKE '/shop/%' AND EXISTS subject\" } ]"), true),
            (subscription("filters: [ { sql: true } ]"), false),
            (subscription("filters: [ { exact: { type: a }, prefix: { type: b } } ]"), false),
            (subscription("retry: { schedule: [] }"), false),
            (subscription("retry: { schedule: [5] }"), false),
            (subscription("retry: { jitter: 2 }"), false),
            (subscription(windowWithEveryKey), true),
            (subscription("window: { type: hopping, size: 1m, hop: 10s, aggregates: { n: { distinct: /data/a, limit: 5 } } }"), true),
            (subscription("window: { type: session, gap: 1m, groupBy: [key, tenant, /data/a/b] }"), true),
            (subscription("window: { size: 1m }"), false),
            (subscription("window: { type: tumbling }"), false),
            (subscription("window: { type: tumbling, size: 1m, hop: 1m }"), false),
            (subscription("window: { type: session, gap: 1m, groupBy: [key, key] }"), false),
            (subscription("window: { type: session, gap: 1m, groupBy: [/order/total] }"), false),
            (subscription("window: { type: session, gap: 1m, aggregates: { n: { sum: /data/a, max: /data/a } } }"), false),
            (subscription("window: { type: session, gap: 1m, aggregates: { n: { sum: /data/a, limit: 1 } } }"), false),
            (subscription("window: { type: session, gap: 1m, aggregates: { n: { limit: 1 } } }"), false),
            (subscription("delivery: { ordering: key }"), true),
            (subscription("delivery: { ordering: keys }"), false),
            (subscription("delivery: { maxInFlight: 0 }"), false),
            (subscription("retyr: {}"), false),
            ("topic: a b\n", false),
            ("subscriptions: {}\n", false),
            ("topic: t\nsubscriptions: { Big: { endpoint: https://example.com, signing: none } }\n", false),
        ] {
            #expect(load(text).isUsable == isGood, "\(text)")
            documents.append(["kind": isGood ? "good" : "bad", "text": text])
        }
        for file in ["orders.yaml", "payments.yaml"] {
            documents.append([
                "kind": "good", "text": try String(contentsOf: packageRoot.appendingPathComponent("topics/\(file)"), encoding: .utf8),
            ])
        }
        let input: [String: Any] = ["documents": documents, "schemas": [manifestSchema(), configurationSchema()]]
        guard let answer = try python(validator, input: JSONSerialization.data(withJSONObject: input)) else {
            print("skipped: no python3")
            return
        }
        if answer.hasPrefix("skipped") { print(answer) } else { #expect(answer == "agreed\n") }
    }

    private let validator = """
        import json, sys
        try:
            import jsonschema, yaml
        except ImportError as missing:
            print("skipped:", missing)
            sys.exit()
        # YAML 1.2 as Fanfare reads it: `on`, `yes` and dates are text.
        class Loader(yaml.SafeLoader): pass
        Loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
        import re
        Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
        given = json.load(sys.stdin)
        for schema in given["schemas"]:
            jsonschema.Draft7Validator.check_schema(json.loads(schema))
        validate = jsonschema.Draft7Validator(json.loads(given["schemas"][0]))
        wrong = False
        for document in given["documents"]:
            errors = [error.message for error in validate.iter_errors(yaml.load(document["text"], Loader))]
            if (document["kind"] == "good") != (not errors):
                wrong = True
                print(document["kind"], errors, document["text"])
        if not wrong: print("agreed")
        """

    /// What the script prints; nil if there is no python3.
    private func python(_ script: String, input: Data) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "ignore", "-c", script]
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        stdin.fileHandleForWriting.write(input)
        try stdin.fileHandleForWriting.close()
        let answer = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 127 ? nil : String(decoding: answer, as: UTF8.self)
    }
}
