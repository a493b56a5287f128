import EventFormats
import EventModel
import HTTPTransport

// JSON, times, and what endpoints say.
extension FuzzTarget {
    static let texts: [FuzzTarget] = [
        FuzzTarget(
            "json", seeds: [#"{"a":[1,-0.5e+7,"x\ud83d\ude00\n",{"b":null}],"c":true}"#, "[[[[]]]]"], vectors: ["JSONTestSuite/test_parsing"],
            words: ["\\u", "\\ud83d", "\\ude00", "true", "null", "1e5", "[[", "{\"", "\":"]
        ) { input in
            let members = JSONMembers()
            guard let root = try? JSONScanner.scan(input, noting: members) else { return }
            walk(root)
            require(
                root.members.map { [$0.name.raw, $0.value.raw].map(Place.init) } == (0..<members.count).map { [members[$0].name.raw, members[$0].value.raw].map(Place.init) },
                "members that were noted elsewhere than they are")
        },
        FuzzTarget(
            "pointer", seeds: ["/a/0/b\n" + #"{"a":[{"b":7}],"a~/":1}"#, "/a~0~1\n" + #"{"a~/":1,"a~/":2}"#], words: ["~0", "~1", "/0", "/-1"]
        ) { input in
            let (line, document) = input.split(at: UInt8(ascii: "\n"))
            guard let text = line.text, let pointer = JSONPointer(text), let root = try? JSONScanner.scan(document) else { return }
            if let found = pointer.find(in: root) { walk(found) }
        },
        FuzzTarget(
            "rfc3339", seeds: ["2026-05-01T00:00:00.250Z", "2016-12-31T23:59:60+23:59", "0000-01-01t00:00:00-00:00"], words: ["Z", "+00:00", ".999999999999"]
        ) { input in
            guard let time = WallTime(rfc3339: input) else { return }
            // In a year of four digits, which what is written has too.
            if let again = WallTime(rfc3339: time.rfc3339) { require(again == time, "a time that reads as another one") }
        },
        FuzzTarget(
            "retry-after",
            seeds: ["120", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "99999999999999999999999"],
            words: ["GMT", "Feb", "29", "Sun, "]
        ) { _ = RetryAfter($0) },
        FuzzTarget(
            "partial-results", seeds: [#"{"failed": [{"id": "a\u00e9", "retry": true}, {"id": "b"}]}"#], words: ["\"failed\":", "\"retry\":false", "\"id\":\""]
        ) { input in
            guard let answer = PartialResults(input) else { return }
            "a".utf8.withContiguousStorageIfAvailable { _ = answer.retry(of: UnsafeRawBufferPointer($0)) }
        },
        FuzzTarget(
            "access-token", seeds: [#"{"access_token": "a\u0062", "token_type": "Bearer", "expires_in": 3600}"#, #"{"error": "invalid_client"}"#],
            words: ["\"access_token\":\"", "\"expires_in\":", "\"token_type\":\"bearer\"", "1e999"]
        ) { input in
            if case .token(let token, let lifetime) = AccessTokenAnswer(input, isSuccess: true) {
                require(token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a token that breaks a header")
                require(lifetime ?? 1 >= 1, "a token that nobody can use")
            }
            _ = AccessTokenAnswer(input, isSuccess: false)
        },
        FuzzTarget(
            "jwt", seeds: ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjo0MDAwMDAwMDAwfQ.c2ln"], words: ["e30", "..", "eyJleHAiOjFlOTk5fQ", "="]
        ) { input in
            guard let text = input.text, let claims = JWTClaims(text) else { return }
            require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a token that breaks a header")
            require(claims.expires ?? 0 >= 0, "an end before 1970")
        },
    ]

    /// Of bytes in a text.
    private struct Place: Equatable {
        var start: UnsafeRawPointer?
        var count: Int

        init(_ bytes: UnsafeRawBufferPointer) {
            start = bytes.baseAddress
            count = bytes.count
        }
    }

    /// Looks at everything; twice at objects, as `find` does.
    private static func walk(_ value: JSONValue) {
        switch value.kind {
        case .object:
            for member in value.members {
                walk(member.name)
                walk(member.value)
            }
        case .array: for element in value.elements { walk(element) }
        case .string:
            let writer = ByteWriter()
            guard value.appendUnescaped(to: writer) else { return require(value.hasHalfSurrogatePair, "a string that is no text for no reason") }
            require(UTF8Check.isValid(writer.bytes), "a text that is not UTF-8")
            require(value.stringEquals(writer.bytes), "a string that does not equal its own text")
            let written = ByteWriter()
            written.appendJSONString(writer.bytes)
            require((try? JSONScanner.scan(written.bytes))?.stringEquals(writer.bytes) ?? false, "a text that reads as another one")
        case .number, .boolean, .null: break
        }
    }
}
