import EventFormats
import EventModel
import Testing
import Transforms

/// Templates outside of the body: headers and URLs.
@Suite struct RequestTests {
    private func headers(_ value: String, _ event: Event) throws -> [String] {
        let out = ByteWriter()
        let templates = try #require(try HeaderTemplates([HeaderField(name: "X-A", value: value)]))
        try templates.append(event, to: out)
        return out.bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private func url(_ template: String, _ event: Event) throws -> String {
        let out = ByteWriter()
        try EndpointTemplate(template).append(event, to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test func aHeadersValueStaysOnItsLine() throws {
        #expect(try headers("{{data.x}}", makeEvent(#"{"x":"a b\r\nX-Evil: 1\u0000 50% ü \u007f"}"#)) == ["X-A: a b%0D%0AX-Evil: 1%00 50%25 %C3%BC %7F"])
        #expect(try headers("v{{#data.x}}-{{.}}{{/data.x}}", makeEvent(#"{"x":[1,2]}"#)) == ["X-A: v-1-2"])
    }

    @Test func aHeaderWithoutAValueIsLeftOut() throws {
        #expect(try headers("{{data.x}}", makeEvent("{}")) == [])
        #expect(try headers(" {{data.x}}", makeEvent(#"{"x":" "}"#)) == [])
    }

    @Test func aHeadersValueIsNotTooLong() {
        let long = String(repeating: "x", count: 9000)
        #expect(poison { _ = try headers("{{data.x}}", makeEvent(#"{"x":"\#(long)"}"#)) } == "headers.X-A: the value is longer than 8192 bytes")
        #expect(throws: TemplateError.self) { try HeaderTemplates([HeaderField(name: "X-A", value: "{{{data.x}}}")]) }
    }

    @Test func aURLsValuesStayInTheirPart() throws {
        let event = makeEvent(#"{"id":"a/b?c#d&e=f g","host":"shop-7","n":12}"#)
        #expect(try url("https://{{data.host}}.example.com:8443/orders/{{data.id}}/x?id={{data.id}}&r={{region}}{{data.none}}", event)
            == "https://shop-7.example.com:8443/orders/a%2Fb%3Fc%23d%26e%3Df%20g/x?id=a%2Fb%3Fc%23d%26e%3Df%20g&r=eu")
        #expect(try url("https://x{{data.n}}y.example.com", event) == "https://x12y.example.com")
        #expect(try url("https://{{data.host}}.LocalHost:8443/", event) == "https://shop-7.LocalHost:8443/")
        #expect(try url("https://{{data.host}}.example.com.", event) == "https://shop-7.example.com.")
        #expect(try url("HTTP://127.0.0.1:80/{{data.n}}", event) == "http://127.0.0.1:80/12")
        #expect(try EndpointTemplate("https://{{data.host}}.example.com/{{data.id}}").sample == "https://x.example.com/x")
    }

    @Test(arguments: [
        #"{"h":"evil.com","p":"x"}"#, #"{"h":"a@b","p":"x"}"#, #"{"h":"a:1","p":"x"}"#, #"{"h":"","p":"x"}"#, #"{"p":"x"}"#,
        #"{"h":"-a","p":"x"}"#, #"{"h":"a-","p":"x"}"#, #"{"h":"ü","p":"x"}"#, #"{"h":"a%2e","p":"x"}"#,
        #"{"h":"\#(String(repeating: "a", count: 64))","p":"x"}"#,
        #"{"h":"a","p":"."}"#, #"{"h":"a","p":".."}"#, #"{"h":"a","p":""}"#, #"{"h":"a","p":null}"#,
    ])
    func aURLThatLeadsElsewhereIsPoison(_ data: String) {
        #expect(poison { _ = try url("https://{{data.h}}.example.com/a/{{data.p}}/b", makeEvent(data)) }?.hasPrefix("endpoint: ") == true)
    }

    @Test func twoValuesMakeNoWayUp() {
        #expect(poison { _ = try url("https://example.com/{{data.a}}{{data.a}}/b", makeEvent(#"{"a":"."}"#)) } != nil)
    }

    @Test(arguments: [
        ("{{data.scheme}}://example.com", "the scheme cannot be a template"),
        ("https://example.com:{{data.port}}/", "the port cannot be a template"),
        ("https://{{data.host}}/", "the end of the host cannot be a template"),
        ("https://api.{{data.host}}", "the end of the host cannot be a template"),
        ("https://{{data.host}}com/", "the end of the host cannot be a template"),
        ("https://{{data.host}}:443/", "the end of the host cannot be a template"),
        ("https://{{data.host}}./", "the end of the host cannot be a template"),
        ("https://{{data.host}}.com./", "with only .com behind the variable"),
        ("https://{{data.host}}.0.0.1/", "the end of the host cannot be a template"),
        ("https://{{data.host}}.com", "with only .com behind the variable events would choose the domain; write two names there at least"),
        ("https://api.{{data.host}}.com:8443/x.y.z", "with only .com behind the variable"),
        ("https://{{data.host}}.example.{{data.zone}}.com/", "with only .com behind the variable"),
        ("https://{{data.host}}x.com/", "with only .com behind the variable"),
        ("https://example.com/{{{data.id}}}", "only variables"),
        ("https://example.com/{{#data}}x{{/data}}", "only variables"),
        ("https://example.com/{{data.id", "a tag has no end"),
    ])
    func whatMayNotBeATemplateIsRefused(_ template: String, _ message: String) {
        do throws(TemplateError) {
            _ = try EndpointTemplate(template)
            Issue.record("it is taken")
        } catch {
            #expect(error.message.contains(message), "\(error)")
        }
    }
}
