import Redelivery
import Testing

@Suite("Payloads for people")
struct PayloadTextTests {
    private func render(_ text: String) -> (form: PayloadText.Form, lines: [String]) {
        Array(text.utf8).withUnsafeBytes { PayloadText.render($0) }
    }

    @Test("JSON gets a line for each member, and nothing else about it changes")
    func json() {
        let (form, lines) = render(#"{"id":1.50,"id":"a\"}","empty":{ },"none":[],"list":[1,{"b":null}]}"#)
        #expect(form == .json)
        #expect(lines == [
            "{", #"  "id": 1.50,"#, #"  "id": "a\"}","#, #"  "empty": {},"#, #"  "none": [],"#, #"  "list": ["#, "    1,", "    {",
            #"      "b": null"#, "    }", "  ]", "}",
        ])
    }

    @Test("text stays as it is")
    func text() {
        #expect(render("id;name\n1;Änne") == (.text, ["id;name", "1;Änne"]))
    }

    @Test("no bytes are no lines")
    func empty() {
        #expect(render("") == (.empty, []))
    }

    @Test("other bytes are dumped, and only their beginning")
    func binary() {
        let bytes = [0x00, 0xFF] + Array("fanfare".utf8) + [UInt8](repeating: 0x41, count: 600)
        let (form, lines) = bytes.withUnsafeBytes { PayloadText.render($0) }
        #expect(form == .binary)
        #expect(lines[0] == "00000000  00 ff 66 61 6e 66 61 72 65 41 41 41 41 41 41 41  ..fanfareAAAAAAA")
        #expect(lines.count == 33)
        #expect(lines.last == "... 97 more bytes")
    }

    @Test("escape sequences do not reach the terminal")
    func control() {
        #expect(render("a\u{1b}[2Jb").form == .binary)
    }
}
