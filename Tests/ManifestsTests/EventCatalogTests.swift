import EventModel
import Manifests
import Testing

@Suite struct EventCatalogTests {
    private func catalog(_ entries: String, files: [String: String]) -> LoadedManifests {
        let noSubscriptions = "subscriptions: { s: { endpoint: https://example.com, signing: none } }\n"
        return load("topic: t\nevents:\n  order.created: \(entries)\n" + noSubscriptions, files: files)
    }

    @Test func schemaAndExampleAreReadFromBesideTheManifest() {
        let loaded = catalog(
            "{ description: Placed, schema: schemas/a.json, example: examples/a.json }",
            files: ["topics/schemas/a.json": #"{"type": "object"}"#, "topics/examples/a.json": #"{"total": 1}"#])
        #expect(loaded.problems.lines == [])
        let entry = loaded.topics.first?.events.first
        #expect(entry?.type == "order.created")
        #expect(entry?.schema == CatalogFile(path: "topics/schemas/a.json", text: Array(#"{"type": "object"}"#.utf8)))
        #expect(entry?.example?.text == Array(#"{"total": 1}"#.utf8))
    }

    @Test func eventsAreValidatedWhereTheManifestSaysSo() {
        let files = ["topics/a.json": "{}"]
        #expect(catalog("{ schema: a.json }", files: files).topics.first?.validate == .off)
        #expect(catalog("{ schema: a.json }\nvalidate: reject", files: files).topics.first?.validate == .reject)
        #expect(catalog("{ schema: a.json }\nvalidate: strict", files: files).problems.lines == [
            "topics/t.yaml:4:1: error: validate: must be off, report or reject, not \"strict\""
        ])
        #expect(catalog("{ description: Placed }\nvalidate: report", files: [:]).problems.lines == [
            "topics/t.yaml:4:1: warning: validate: there is no schema to hold events to; give some type under events a schema, or remove it"
        ])
    }

    @Test func theFilesAreWatchedWithTheManifest() {
        let loaded = catalog("{ example: a.json }", files: ["topics/a.json": "1"])
        #expect(loaded.filesRead.contains("topics/a.json"))
        #expect(catalog("{ example: a.json }", files: ["topics/a.json": "2"]).fingerprint != loaded.fingerprint)
    }

    @Test func aFileThatIsNotThereIsAnErrorAtTheKeyThatNamesIt() {
        #expect(catalog("{ example: a.json }", files: [:]).problems.lines == [
            "topics/t.yaml:3:20: error: events.order.created.example: cannot read topics/a.json: No such file or directory"
        ])
    }

    @Test func aFileThatIsNotJSONIsAnErrorAtItsPlaceInTheFile() {
        #expect(catalog("{ example: a.json }", files: ["topics/a.json": "{\n  \"ä\": 1,\n}\n"]).problems.lines == [
            "topics/a.json:3:1: error: events.order.created.example: not JSON: a string with a member's name is expected"
        ])
        #expect(catalog("{ schema: a.json }", files: ["topics/a.json": ""]).problems.lines == [
            "topics/a.json:1:1: error: events.order.created.schema: not JSON: the text ends too early"
        ])
    }

    @Test func aSchemaThatIsNoneIsAnErrorAtItsPlaceInTheFile() {
        #expect(catalog("{ schema: a.json }", files: ["topics/a.json": "{\n  \"type\": \"text\"\n}"]).problems.lines == [
            "topics/a.json:2:11: error: events.order.created.schema: type must be object, array, string, number, integer, boolean or null, or a list of them"
        ])
    }

    @Test func anExampleThatDoesNotConformIsAnErrorAtItsPlaceInTheFile() {
        let files = ["topics/s.json": #"{"properties": {"total": {"minimum": 0}}}"#, "topics/e.json": "{\n  \"total\": -1\n}"]
        #expect(catalog("{ schema: s.json, example: e.json }", files: files).problems.lines == [
            "topics/e.json:2:12: error: events.order.created.example: /total is less than the minimum 0; topics/s.json says so"
        ])
    }

    @Test func aSchemaRefersToFilesInsideTheManifestsFolderOnly() {
        let loaded = catalog("{ schema: a/s.json }", files: ["topics/a/s.json": #"{"$ref": "../b.json"}"#, "topics/b.json": "{}"])
        #expect(loaded.problems.lines == [])
        #expect(loaded.topics.first?.events.first?.references == [CatalogFile(path: "topics/b.json", text: Array("{}".utf8))])
        #expect(loaded.filesRead.contains("topics/b.json"))
        #expect(catalog("{ schema: s.json }", files: ["topics/s.json": #"{"$ref": "../b.json"}"#, "b.json": "{}"]).problems.lines == [
            "topics/s.json:1:10: error: events.order.created.schema: $ref: b.json is outside of the manifests' folder; put it beside them"
        ])
    }

    @Test func noDetourLeadsOutOfTheManifestsFolder() {
        let files = ["topics/./s.json": #"{"$ref": "../b.json"}"#, "topics/b.json": "{}"]
        #expect(catalog("{ schema: ./s.json }", files: files).problems.lines == [
            "topics/./s.json:1:10: error: events.order.created.schema: $ref: b.json is outside of the manifests' folder; put it beside them"
        ])
    }
}
