import EventModel
import Manifests
import Testing

private let one = "0123456789-one-0123456789"
private let two = "0123456789-two-0123456789"
private let three = "0123456789-three-0123456789"

@Suite struct `Tokens of the ops API` {
    @Test func `stand in files, several in one, with names`() {
        let loaded = configure(
            """
            ops:
              tokens:
                viewer: ["${file:viewers}"]
                operator: [{ name: alice, token: "${file:alice}" }]
            """, files: ["viewers": "# the dashboard\n\n\(one)\n\(two)\n", "alice": "# Alice\r\n\(three)\r\n"])
        #expect(loaded.problems.lines == [])
        let tokens = loaded.configuration.ops.tokens
        #expect(tokens.viewers.map(\.secret.text) == [one, two])
        #expect(tokens.viewers.allSatisfy { $0.name == nil && $0.secret.source == "${file:viewers}" })
        #expect(tokens.operators.map(\.secret.text) == [three])
        #expect(tokens.operators.map(\.name) == ["alice"])
        #expect(!"\(tokens)".contains("0123"))
    }

    @Test func `come from variables`() {
        let loaded = configure("", variables: ["FANFARE_OPS_TOKENS_OPERATOR": "\(one),\(two)"])
        #expect(loaded.problems.lines == [])
        #expect(loaded.configuration.ops.tokens.operators.map(\.secret.text) == [one, two])
    }

    @Test(arguments: [
        ("viewer: [short]", "ops.tokens.viewer[0]: a token has at least 20 characters; make one with openssl rand -hex 32"),
        ("viewer: [\"with a blank in the midst\"]", "ops.tokens.viewer[0]: a token holds letters"),
        ("viewer: [\"${file:empty}\"]", "ops.tokens.viewer[0]: holds no token; write one on a line"),
        ("viewer: [\"${file:mixed}\"]", "ops.tokens.viewer[0]: line 2: a token has at least 20"),
        ("viewer: [{ name: alice }]", "ops.tokens.viewer[0]: the key token is missing"),
        ("viewer: [{ name: \"a b\", token: \"${V}\" }]", "ops.tokens.viewer[0].name: must be a name of letters"),
        ("{ viewer: [\"${V}\"], operator: [\"${V}\"] }", "ops.tokens: one token stands there twice"),
    ])
    func `are refused when they could be guessed or mistaken`(yaml: String, expected: String) {
        let tokens = yaml.hasPrefix("{") ? "  tokens: \(yaml)" : "  tokens:\n    \(yaml)"
        let loaded = configure("ops:\n\(tokens)", files: ["empty": "# none\n", "mixed": "\(one)\nshort\n"], variables: ["V": one])
        #expect(loaded.problems.errors.count == 1)
        let error = loaded.problems.errors.first ?? ""
        #expect(error.hasPrefix("fanfare.yaml:") && error.contains(": error: \(expected)"))
        #expect(!error.contains(one) && !error.contains("midst"))
    }

    @Test func `in clear are warned of`() {
        let loaded = configure("ops: { tokens: { viewer: [\(one)] } }")
        #expect(loaded.problems.warnings.count == 1)
        #expect(loaded.problems.errors == [])
    }

    @Test func `are read again when their files change, and bad ones are refused`() throws {
        let folder = try WatcherTests.Folder()
        try folder.write("token", "\(one)\n")
        try folder.write("fanfare.yaml", "ops: { tokens: { viewer: [\"${file:token}\"] } }")
        let environment = Environment.fileSystem(variables: [:])
        let loaded = ConfigurationLoader.load(file: "\(folder.path)/fanfare.yaml", environment: environment)
        var watcher = TokenWatcher(since: loaded, environment: environment)
        #expect(isUnchanged(&watcher))
        try folder.write("token", "\(one)\n\(two)\n")
        guard case .tokens(let both)? = watcher.reloadIfChanged() else {
            Issue.record("not seen")
            return
        }
        #expect(both.viewers.map(\.secret.text) == [one, two])
        #expect(isUnchanged(&watcher))
        try folder.write("token", "short and wrong\n")
        guard case .refused(let problems)? = watcher.reloadIfChanged() else {
            Issue.record("taken")
            return
        }
        #expect(problems.count == 1)
        #expect(isUnchanged(&watcher))
        try folder.write("token", "\(three)\n")
        guard case .tokens(let last)? = watcher.reloadIfChanged() else {
            Issue.record("not seen after a mistake")
            return
        }
        #expect(last.viewers.map(\.secret.text) == [three])
    }
}

private func isUnchanged(_ watcher: inout TokenWatcher) -> Bool {
    if case nil = watcher.reloadIfChanged() { true } else { false }
}
