import EventFormats
import EventModel
import Foundation
import Testing

@Suite("Foreign CloudEvents")
struct ConformanceTests {
    @Test("in structured mode are taken, and refused where they are invalid")
    func structured() throws {
        guard let folder = Vectors.folder("cloudevents-json") else { return }
        // Extension names in upper case are against the naming conventions; the suite has that file for an option
        // that turns them into lower case.
        let invalid = ["invalid", "fail_", "upper_case"]
        for file in try Vectors.files(in: folder, ending: ".json") {
            let name = file.lastPathComponent
            let reason = poison(.structured(try String(contentsOf: file, encoding: .utf8)))
            #expect((reason != nil) == invalid.contains { name.contains($0) }, "\(name): \(reason ?? "accepted")")
        }
    }

    @Test("say the same to us as to Foundation's parser")
    func attributes() throws {
        guard let folder = Vectors.folder("cloudevents-json") else { return }
        for file in try Vectors.files(in: folder, ending: ".json") {
            let json = try String(contentsOf: file, encoding: .utf8)
            guard poison(.structured(json)) == nil else { continue }
            let expected = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let event = try decoded(.structured(json))
            #expect(event.id == expected["id"] as? String && event.source == expected["source"] as? String)
            #expect(event.type == expected["type"] as? String && event.subject == expected["subject"] as? String)
            #expect(event.time == expected["time"] as? String && event.schema == expected["dataschema"] as? String)
            #expect(event.contentType == expected["datacontenttype"] as? String)
            if let base64 = expected["data_base64"] as? String {
                #expect(Data(event.data) == Data(base64Encoded: base64))
            } else if let string = expected["data"] as? String {
                #expect(String(decoding: event.data, as: UTF8.self) == string)
            }
        }
    }

    @Test("of the specification's JSON examples are taken")
    func specificationExamples() throws {
        guard let folder = Vectors.folder("cloudevents-spec/cloudevents/formats") else { return }
        let text = try String(contentsOf: folder.appendingPathComponent("json-format.md"), encoding: .utf8)
        var seen = 0
        for block in text.components(separatedBy: "```JSON").dropFirst() {
            let json = block.components(separatedBy: "```")[0]
            guard json.contains("specversion"), !json.contains("..."), json.first(where: { !$0.isWhitespace }) == "{" else { continue }
            #expect(poison(.structured(json)) == nil)
            seen += 1
        }
        #expect(seen >= 5)
    }

    @Test("pass the scenarios of the Kafka binding's conformance tests")
    func features() throws {
        guard let folder = Vectors.folder("cloudevents-conformance/features") else { return }
        let scenarios = try KafkaScenario.read(folder.appendingPathComponent("kafka-protocol-binding.feature"))
        #expect(scenarios.count == 3)
        for scenario in scenarios {
            let event = try decoded(TestRecord(value: scenario.payload, headers: scenario.headers.map { ($0, $1) }))
            let attributes = [
                "id": event.id, "type": event.type, "source": event.source, "specversion": "1.0", "time": event.time ?? "",
                "datacontenttype": event.contentType ?? "",
            ]
            #expect(attributes == scenario.attributes)
            let expected = try JSONSerialization.jsonObject(with: Data(scenario.data.utf8)) as? NSDictionary
            #expect(try JSONSerialization.jsonObject(with: Data(event.data)) as? NSDictionary == expected)
        }
    }
}

/// One scenario of a gherkin feature, its outline's examples filled in.
private struct KafkaScenario {
    var payload = ""
    var headers: [String: String] = [:]
    var attributes: [String: String] = [:]
    var data = ""

    static func read(_ file: URL) throws -> [KafkaScenario] {
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "Scenario").dropFirst().flatMap { part -> [KafkaScenario] in
            let sections = part.components(separatedBy: "Examples:")
            let examples = sections.count > 1 ? Array(rows(sections[1]).dropFirst()) : [[""]]
            return examples.map { scenario(sections[0].replacingOccurrences(of: "<contentType>", with: $0[0])) }
        }
    }

    private static func scenario(_ text: String) -> KafkaScenario {
        let strings = text.components(separatedBy: "\"\"\"")
        let tables = text.components(separatedBy: "Then the attributes are:")
        func pairs(_ text: String) -> [String: String] {
            Dictionary(uniqueKeysWithValues: rows(text).filter { $0.count == 2 && $0[0] != "key" }.map { ($0[0], $0[1]) })
        }
        return KafkaScenario(
            payload: strings[1], headers: pairs(tables[0].components(separatedBy: "Kafka headers:")[1]), attributes: pairs(tables[1]),
            data: strings[3])
    }

    private static func rows(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("|") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    }
}
