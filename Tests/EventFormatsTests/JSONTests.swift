import EventFormats
import Foundation
import Testing

@Suite("The JSON scanner")
struct JSONScannerTests {
    private func problem(_ bytes: [UInt8]) -> JSONError? {
        // A copy of exactly this size: a read beyond the end shows in the address sanitizer.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        do throws(JSONError) {
            _ = try JSONScanner.scan(UnsafeRawBufferPointer(buffer))
            return nil
        } catch {
            return error
        }
    }

    @Test("takes and refuses what the JSON parsing test suite says")
    func testSuite() throws {
        guard let folder = Vectors.folder("JSONTestSuite/test_parsing") else { return }
        var counts = (accepted: 0, refused: 0)
        for file in try Vectors.files(in: folder, ending: ".json") {
            let result = problem(Array(try Data(contentsOf: file)))
            switch file.lastPathComponent.first {
            case "y":
                #expect(result == nil, "\(file.lastPathComponent)")
                counts.accepted += 1
            case "n":
                #expect(result != nil, "\(file.lastPathComponent)")
                counts.refused += 1
            default:
                break  // Either is allowed; not crashing is the test.
            }
        }
        #expect(counts.accepted > 90 && counts.refused > 180)
    }

    @Test("takes nothing but strict UTF-8, wherever in a string it stands")
    func strictUTF8() {
        let bad: [[UInt8]] = [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xEF, 0xBF],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1],
        ]
        let good = ["é", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"].map { Array($0.utf8) }
        for length in 0..<20 {
            let padding = [UInt8](repeating: UInt8(ascii: "a"), count: length)
            let quote = [UInt8(ascii: "\"")]
            for sequence in bad { #expect(problem(quote + padding + sequence + padding + quote)?.problem == .badUTF8) }
            for sequence in good { #expect(problem(quote + padding + sequence + padding + quote) == nil) }
            #expect(problem(quote + padding + [0x1F] + padding + quote)?.problem == .controlCharacter)
            #expect(problem(quote + padding + [0x7F] + padding + quote) == nil)
        }
    }

    @Test("goes as deep as its bound and no deeper")
    func depth() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: #"[{"a":"#, count: depth / 2) + "1" + String(repeating: "}]", count: depth / 2)).utf8)
        }
        #expect(problem(nested(JSONScanner.maximumDepth)) == nil)
        #expect(problem(nested(JSONScanner.maximumDepth + 2))?.problem == .tooDeep)
        #expect(problem([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))?.problem == .tooDeep)
    }

    @Test("says where a text goes wrong and why", arguments: [
        ("", "the text ends too early (byte 0)"), (#"{"a" 1}"#, "a colon is expected (byte 5)"),
        ("[1 2]", "a comma or a closing bracket is expected (byte 3)"), ("1 2", "something follows the value (byte 2)"),
        ("{1:2}", "a string with a member's name is expected (byte 1)"), (#""\x""#, "not an escape sequence (byte 2)"),
        ("-", "not a number (byte 1)"), ("[1,]", "a value is expected (byte 3)"), ("tru", "the text ends too early (byte 3)"),
    ])
    func messages(json: String, message: String) {
        #expect(problem(Array(json.utf8))?.description == message)
    }
}

@Suite("A JSON value")
struct JSONValueTests {
    private func with<R>(_ json: String, _ body: (JSONValue) throws -> R) throws -> R {
        let bytes = Array(json.utf8)
        return try bytes.withUnsafeBytes { try body(try JSONScanner.scan($0)) }
    }

    @Test("hands out members and elements as raw slices, repeated names included")
    func members() throws {
        try with(#" { "a" : [ 1 , "x]," , {"b":{}} ] , "a":-1.5e3,"c":null , "d" : true } "#) { root in
            #expect(root.members.map { text($0.name.raw) } == [#""a""#, #""a""#, #""c""#, #""d""#])
            #expect(root.members.map { text($0.value.raw) } == [#"[ 1 , "x]," , {"b":{}} ]"#, "-1.5e3", "null", "true"])
            #expect(root.members.map(\.value.kind) == [.array, .number, .null, .boolean])
            let list = root.members.map(\.value)[0]
            #expect(list.elements.map { text($0.raw) } == ["1", #""x],""#, #"{"b":{}}"#])
            #expect(root.elements.map(\.kind).isEmpty && list.members.map(\.name.kind).isEmpty)
        }
    }

    @Test("passes strings of every length, with escapes at every place")
    func strings() throws {
        for length in 0..<40 {
            for place in 0...length {
                let value = String(repeating: "x", count: place) + #"\"\\é"# + String(repeating: "y", count: length - place)
                try with(#"{"a":"\#(value)","b":[1]}"#) { root in
                    #expect(root.members.map { text($0.value.raw) } == [#""\#(value)""#, "[1]"])
                }
            }
        }
    }

    @Test("follows the pointers of RFC 6901, section 5", arguments: [
        ("/foo", #"["bar", "baz"]"#), ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"),
        ("/g|h", "4"), ("/i\\j", "5"), ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"),
    ])
    func pointers(pointer: String, expected: String) throws {
        let document = #"{"foo": ["bar", "baz"],"": 0,"a/b": 1,"c%d": 2,"e^f": 3,"g|h": 4,"i\\j": 5,"k\"l": 6," ": 7,"m~n": 8}"#
        try with(document) { root in
            #expect(text(JSONPointer(pointer)?.find(in: root)?.raw) == expected)
            #expect(text(JSONPointer("")?.find(in: root)?.raw) == document)
        }
    }

    @Test("finds nothing where a pointer leads nowhere", arguments: [
        "/x", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/bar", "/foo/0/x", "/foo/99999999999999999999999", "/foo/",
    ])
    func nothing(pointer: String) throws {
        try with(#"{"foo": ["bar", "baz"]}"#) { #expect(JSONPointer(pointer)?.find(in: $0) == nil) }
    }

    @Test("takes the last of members that repeat a name, and names however they are escaped")
    func repeatedNames() throws {
        try with(#"{"a":1,"a":2,"\u0061":3,"\ud83d\ude00":4,"aa":5}"#) { root in
            #expect(text(JSONPointer("/a")?.find(in: root)?.raw) == "3")
            #expect(text(JSONPointer("/😀")?.find(in: root)?.raw) == "4")
        }
    }

    @Test("refuses what is no pointer", arguments: ["a", "a/b", "/~", "/~2", "/a~"])
    func badPointers(pointer: String) { #expect(JSONPointer(pointer) == nil) }

    @Test("resolves every escape of a string")
    func unescapes() throws {
        try with(#""\"\\\/\b\f\n\r\tA\u00e9\u20AC\ud83d\ude00\u0000é""#) { value in
            let writer = ByteWriter()
            #expect(value.hasEscapes && value.appendUnescaped(to: writer))
            #expect(writer.text == "\"\\/\u{8}\u{C}\n\r\tAé€😀\u{0}é")
        }
    }

    @Test("refuses half a surrogate pair when it is asked for the text", arguments: [
        #""\ud83d""#, #""\ude00""#, #""\ud83d\ud83d""#, #""\ud83dx""#, #""\ud83d\n1234""#, #""ok\ud83d\u0041""#,
    ])
    func surrogates(json: String) throws {
        try with(json) { value in
            let writer = ByteWriter()
            writer.append("before" as StaticString)
            #expect(!value.appendUnescaped(to: writer))
            #expect(writer.text == "before")
        }
    }
}
