import EventFormats
import EventModel
import Transforms

// Templates, and pieces of payloads: what manifests say, run on an event.
extension FuzzTarget {
    static let transforms: [FuzzTarget] = [
        FuzzTarget(
            "template",
            seeds: [
                #"{"text": "Order {{data.id}} {{#data.items}}{{name}}, {{/data.items}}{{^data.x}}-{{/data.x}}"}"# + "\n" + #"{"id":"a\"b","items":[{"name":"n"},{"name":7}]}"#,
                "{{! note }}{{{data}}}{{&type}}{{.}}\n[1,[2,{\"a\":null}]]",
            ],
            words: ["{{#data", "{{/data", "{{^", "}}", "{{{", "}}}", "{{.}}", "{{=<% %>=}}", "{{>p}}", "{{data."]
        ) { input in
            let (line, data) = input.split(at: UInt8(ascii: "\n"))
            guard let text = line.text else { return }
            for contentType in [nil, "text/html", "text/plain"] {
                var policy = TransformPolicy()
                policy.template = text
                policy.contentType = contentType
                run(policy, data)
            }
        },
        FuzzTarget(
            "payload-edit", seeds: ["/data/a/b\n" + #"{"a":{"b":[1,{"c":2}],"b":3},"d":null}"#, "/data/a/0\n" + #"{"a":[1,2]}"#, "/subject\n{}"],
            words: ["/data", "/0", "~1", "~0", "\"a\":"]
        ) { input in
            let (line, data) = input.split(at: UInt8(ascii: "\n"))
            guard let pointer = line.text, JSONPointer(pointer) != nil else { return }
            var policies = [TransformPolicy(), TransformPolicy(), TransformPolicy()]
            policies[0].drop = [pointer]
            policies[1].select = [pointer]
            var step = VersionStep()
            step.rename = [VersionStep.Rename(from: pointer, to: "/data/x/y")]
            policies[2].derivation.steps = [step]
            for policy in policies { run(policy, data) }
        },
        FuzzTarget(
            "endpoint", seeds: ["https://{{data.region}}.hooks.example.com/{{type}}/x?id={{id}}\n" + #"{"region":"eu"}"#],
            words: ["{{data.region}}", "https://", "{{id}}", "//", "?", "#", "@", "..", "%2e"]
        ) { input in
            let (line, data) = input.split(at: UInt8(ascii: "\n"))
            guard let text = line.text, let template = try? EndpointTemplate(text) else { return }
            // What is around the variables `check` looks at.
            guard template.sample.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
            withEvent(data) { event, _ in
                let url = ByteWriter()
                guard (try? template.append(event, to: url)) != nil else { return }
                require(url.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a URL that breaks its line")
            }
        },
    ]

    private static func run(_ policy: TransformPolicy, _ data: UnsafeRawBufferPointer) {
        guard let transform = try? PayloadTransform(policy) else { return }
        withEvent(data) { event, record in
            for format in [PayloadFormat.structured, .binary, .raw] {
                let body = ByteWriter()
                let headers = ByteWriter()
                guard let encoded = try? transform.encode(event, of: record, format: format, body: body, headers: headers) else { continue }
                require(headers.bytes.allSatisfy { $0 == 0 || $0 == 9 || ($0 >= 0x20 && $0 < 0x7F) }, "a header that breaks its line")
                guard case .written = encoded, format == .structured else { continue }
                require((try? JSONScanner.scan(body.bytes)) != nil, "a structured event that is not JSON")
            }
        }
    }
}
