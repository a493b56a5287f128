import EventFormats
import EventModel
import Testing
import Transforms

@Suite struct TemplateTests {
    @Test(arguments: [
        ("{{data.id}} {{ type }} {{&data.id}}", #"{"id":7}"#, "7 order.created 7"),
        ("{{data.a.b}}{{data.nothing}}{{data.a.b.c}}", #"{"a":{"b":true}}"#, "true"),
        ("{{data.items.1}}", #"{"items":[1,2.50,3]}"#, "2.50"),
        ("{{#data.items}}({{sku}}{{^sku}}none{{/sku}} {{region}}){{/data.items}}", #"{"items":[{"sku":"a"},{},{"region":"us"}]}"#, "(a eu)(none eu)(none us)"),
        ("{{#data.items}}{{.}}{{^-last}},{{/-last}}{{#-first}}!{{/-first}}{{/data.items}}", #"{"items":[1,"b",true]}"#, "1,!b,true"),
        ("{{#data.on}}on{{/data.on}}{{^data.on}}off{{/data.on}}", #"{"on":false}"#, "off"),
        ("{{#data.on}}on{{/data.on}}{{^data.on}}off{{/data.on}}", #"{"on":0}"#, "on"),
        ("{{#data.on}}on{{/data.on}}{{^data.on}}off{{/data.on}}", #"{"on":null}"#, "off"),
        ("{{#data.on}}on{{/data.on}}{{^data.on}}off{{/data.on}}", #"{"on":""}"#, "off"),
        ("{{#data.on}}on{{/data.on}}{{^data.on}}off{{/data.on}}", #"{"on":[]}"#, "off"),
        ("{{#data}}{{id}}{{#a}}{{id}}{{b.c}}{{/a}}{{/data}}", #"{"id":7,"a":{"b":{"c":1}}}"#, "771"),
        ("a{{! a comment\n over lines }}b", "{}", "ab"),
        ("{{#data.items}}\n- {{.}}\n{{/data.items}}\nend", #"{"items":[1,2]}"#, "- 1\n- 2\nend"),
        ("  {{! alone }}\r\nend {{! not }}\n", "{}", "end \n"),
        ("{{#data.a}}x{{/data.a}} \n{{^data.a}}\nnone\n  {{/data.a}}", "{}", " \nnone\n"),
        ("{{data.text}}", #"{"text":"a \"b\" \u00fc\n"}"#, "a \"b\" ü\n"),
        ("{{data.o}} {{{data.o}}}", #"{"o":{"a": "<"}}"#, #"{"a": "<"} {"a": "<"}"#),
        ("}} { {x} {{data}}", "[1]", "}} { {x} [1]"),
    ])
    func whatATemplateWrites(_ template: String, _ data: String, _ expected: String) throws {
        #expect(try render(template, data) == expected)
    }

    @Test func valuesAreEscapedForTheContentType() throws {
        let data = #"{"x":"a<\"&'\u00fc\\","n":1.50,"o":{"k":"v"}}"#
        #expect(try render(#"{"x":"{{data.x}}","s":"{{subject}}","n":{{data.n}},"o":"{{data.o}}"}"#, data, contentType: "application/vnd.x+json")
            == #"{"x":"a<\"&'\u00fc\\","s":"customer \"7\"\n","n":1.50,"o":"{\"k\":\"v\"}"}"#)
        #expect(try render("<p>{{data.x}}</p>{{{data.x}}}", data, contentType: "text/html") == "<p>a&lt;&quot;&amp;&#39;ü\\</p>a<\"&'ü\\")
        #expect(try render("<p>{{data.x}}</p>", data, contentType: "application/atom+xml; charset=utf-8") == "<p>a&lt;&quot;&amp;&#39;ü\\</p>")
        #expect(try render("x={{data.x}}&n={{data.n}}", data, contentType: "application/x-www-form-urlencoded") == "x=a%3C%22%26%27%C3%BC%5C&n=1.50")
        #expect(try render("{{data.x}}", data, contentType: "text/markdown") == "a<\"&'ü\\")
    }

    @Test func threeBracesWriteJSON() throws {
        let template = #"{"all":{{{data}}},"text":{{{data.x}}},"id":{{{id}}},"none":{{{data.none}}},"count":{{{priority}}},"bytes":{{{data_base64}}}}"#
        #expect(try render(template, #"{"x":"\""}"#, contentType: "application/json")
            == #"{"all":{"x":"\""},"text":"\"","id":"order-1","none":null,"count":3,"bytes":null}"#)
    }

    @Test func aTextThatIsToBeJSONAndIsNotIsPoison() {
        let reason = poison { _ = try render(#"{"total":{{data.total}}}"#, "{}", contentType: "application/json") }
        #expect(reason == "payload.template: the text is not JSON: a value is expected (byte 9)")
    }

    @Test func aTemplateSeesWhatTheOtherKeysLeave() throws {
        let made = try Made(policy { $0.drop = ["/data/b", "/region"]; $0.template = "{{{data}}} {{region}}{{subject}}"; $0.contentType = "text/plain" },
            makeEvent(#"{"a":1,"b":2}"#))
        #expect(made.body == #"{"a":1} customer "7""# + "\n")
        #expect(made.headers == ["Content-Type: text/plain"])
    }

    @Test func aStructuredEventHasTheTextAsItsData() throws {
        let json = try Made(policy { $0.template = #"{"n": {{data.n}}}"# }, makeEvent(#"{"n":1}"#), .structured)
        #expect(json.body.hasSuffix(#""datacontenttype":"application/json","region":"eu","priority":3,"data":{"n": 1}}"#))
        let text = try Made(policy { $0.template = "n: \"{{data.n}}\""; $0.contentType = "text/plain" }, makeEvent(#"{"n":1}"#), .structured)
        #expect(text.body.hasSuffix(#""datacontenttype":"text/plain","region":"eu","priority":3,"data":"n: \"1\""}"#))
    }

    @Test func templatesAreMadeOfWindowlessTombstonesToo() throws {
        #expect(try render("{{id}} {{^data}}gone{{/data}}{{data.x}}", nil) == "order-1 gone")
    }

    @Test func aPayloadThatIsNoJSONIsPoisonWhereTheTemplateLooksIntoIt() throws {
        let text = makeEvent("hello", .text, contentType: "text/plain")
        let shown = policy { $0.template = "{{data}} {{id}}"; $0.contentType = "text/plain" }
        #expect(try Made(shown, text).body == "hello order-1")
        #expect(poison { _ = try Made(policy { $0.template = "{{data.x}}" }, text) }?.contains("payload is not JSON") == true)
        #expect(poison { _ = try Made(shown, makeEvent("\u{1}", .binary)) }?.contains("payload is not JSON") == true)
        let bytes = policy { $0.template = "{{data_base64}}"; $0.contentType = "text/plain" }
        #expect(try Made(bytes, makeEvent("hi", .binary)).body == "aGk=")
    }

    @Test func batchesTakeTransformedEvents() throws {
        let transform = try #require(try PayloadTransform(policy { $0.template = "{{data.id}}"; $0.contentType = "text/plain" }))
        let body = ByteWriter()
        var batch = BatchEncoder(format: .raw, body: body)
        try transform.append(makeEvent(#"{"id":"a\"b"}"#), to: &batch)
        #expect(poison { try transform.append(makeEvent("x", .binary), to: &batch) } != nil)
        try transform.append(makeEvent(#"{"id":2}"#), to: &batch)
        #expect(batch.count == 2)
        batch.finish(headers: ByteWriter())
        #expect(String(decoding: body.bytes, as: UTF8.self) == #"["a\"b","2"]"#)
    }

    // MARK: Bounds

    @Test func timeIsBoundedWhateverTheEventIs() throws {
        let many = "[" + repeatElement("1", count: 100_000).joined(separator: ",") + "]"
        let data = #"{"a":\#(many),"x":1}"#
        // Each item looks outwards; what it finds there is remembered.
        #expect(try render("{{#data.a}}{{data.x}}{{nothing}}{{/data.a}}", data).utf8.count == 100_000)
        let squared = "{{#data.a}}{{#data.a}}{{nothing}}{{/data.a}}{{/data.a}}"
        #expect(poison { _ = try render(squared, data) } == "payload.template: the template takes too long over this event")
        let long = String(repeating: "x", count: 1000)
        #expect(poison { _ = try render("{{#data.a}}\(long){{/data.a}}", data) } == "payload.template: the text is longer than 10000000 bytes")
    }

    // MARK: Mistakes

    @Test(arguments: [
        ("a\n {{#data.x}}", 2, 2, "the section {{#data.x}} has no end; write {{/data.x}}"),
        ("{{data.x", 1, 1, "a tag has no end; write }} behind it"),
        ("{{{data.x}}", 1, 1, "a tag has no end; write }}} behind it"),
        ("{{/x}}", 1, 1, "{{/x}} ends a section that does not begin"),
        ("{{#data.x}}{{/data.y}}", 1, 12, "{{/data.y}} stands where {{/data.x}} is expected"),
        ("{{> other}}", 1, 1, "templates cannot include others; write the text here"),
        ("ü{{=<% %>=}}", 1, 2, "the delimiters are always {{ and }}; remove the tag"),
        ("{{}}", 1, 1, "a tag is empty; write a name such as {{data.id}}"),
        ("{{a b}}", 1, 1, "\"a b\" is not a name such as data.id"),
        ("{{data..x}}", 1, 1, "\"data..x\" is not a name such as data.id"),
        ("{{orderId}}", 1, 1, "events have no attribute orderId; the payload's fields are below data: {{data.orderId}}"),
        ("{{customer.name}}", 1, 1, "nothing is below an attribute; the payload's fields are below data: {{data.customer.name}}"),
        ("{{-last}}", 1, 1, "{{-last}} stands outside of a section over a list"),
        ("{{.}}", 1, 1, "{{.}} stands outside of a section"),
    ])
    func mistakesAreFoundWhereTheyStand(_ template: String, _ line: Int, _ column: Int, _ message: String) {
        do throws(TemplateError) {
            _ = try Template(template)
            Issue.record("it is taken")
        } catch {
            #expect(error.line == line && error.column == column && error.message == message, "\(error)")
        }
    }

    @Test func depthAndLengthAreBounded() {
        let deep = String(repeating: "{{#data}}", count: 17) + String(repeating: "{{/data}}", count: 17)
        #expect(throws: TemplateError.self) { try Template(deep) }
        #expect(throws: TemplateError.self) { try Template(String(repeating: "x", count: 1 << 17)) }
    }
}
