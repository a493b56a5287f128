import HTTPTypes
import Hummingbird
import Manifests

/// The console: a page that holds no data, and gets it from the API as any program does.
enum ConsoleOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/", id: "console", summary: "The console, for browsers.", tag: .console, access: .page,
            answer: .text(["text/html"], "The page.")
        ) { _ in answer(ConsoleAssets.page) },
        Operation(
            method: .get, path: "/console/{file}", id: "consoleFile", summary: "What the console is made of.", tag: .console, access: .page,
            inputs: [.path("file", .words(ConsoleAssets.parts.map(\.name)), "The file's name.")],
            answer: .text(["text/css", "text/javascript", "image/svg+xml"], "The file.")
        ) { (call) throws(Problem) in
            let name = call.text("file") ?? ""
            guard let asset = ConsoleAssets.parts.first(where: { $0.name == name }) else { throw Problem(.notFound, "The console has no such file.") }
            return answer(asset)
        },
    ]

    /// Only its own files are run and asked, nothing that a name or an error could say is ever read as HTML (trusted types), and no
    /// other page may show this one.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    private static func answer(_ asset: ConsoleAssets.Asset) -> Response {
        var response = Reply.bytes(asset.bytes, type: asset.type)
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
