import ArgumentParser
import EventModel
import FoundationEssentials
import Glibc
import HTTPTransport
import Manifests

/// Where commands find the ops API, which needs no access to Kafka: the same options for every command that can use it.
struct OpsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Go through the ops API of a replica instead of Kafka; default: FANFARE_URL.", valueName: "http://host:port"))
    var url: String?

    @Option(help: ArgumentHelp("File with a token for it; instead of FANFARE_TOKEN.", valueName: "file"), completion: .file())
    var tokenFile: String?

    /// Nil where the command is to work on Kafka.
    func client() throws -> OpsClient? {
        guard let url = try Self.url(url) else {
            if tokenFile != nil { throw ValidationError("--token-file is for --url") }
            return nil
        }
        return OpsClient(url: url, token: try token(Environment.process().variables))
    }

    /// Without a slash at its end; nil where neither the option nor the variable names a replica.
    static func url(_ option: String?) throws -> String? {
        guard let url = option ?? Environment.process().variables["FANFARE_URL"], !url.isEmpty else { return nil }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw ValidationError("--url \(url): write http://host:port") }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Never an argument: others on the machine see those.
    private func token(_ variables: [String: String]) throws -> String? {
        guard let tokenFile else { return variables["FANFARE_TOKEN"] }
        switch Environment.process().readFile(tokenFile) {
        case .failure(let failure): throw Failed("cannot read \(tokenFile): \(failure.message)")
        case .success(let bytes):
            // As the bridge reads such a file; the first one will do.
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.filter { !$0.isWhitespace } }
            guard let token = lines.first(where: { !$0.isEmpty && !$0.hasPrefix("#") }) else { throw Failed("\(tokenFile) holds no token") }
            return token
        }
    }
}

/// Talks to a replica's ops API.
struct OpsClient {
    private let base: String
    private let http: BlockingRequest

    /// - Parameter url: as ``OpsOptions/url(_:)`` gives it.
    init(url: String, token: String?) {
        base = url
        var http = BlockingRequest()
        http.headers = ["Accept: application/json", "User-Agent: fanfare/\(fanfareVersion)"]
        if let token { http.headers.append("Authorization: Bearer \(token)") }
        // Longer than the API waits for other replicas.
        http.timeoutMilliseconds = 30_000
        http.maximumBody = 64 << 20
        self.http = http
    }

    /// The answer as it came.
    func get(_ path: String) throws -> [UInt8] { try response(path, nil, http) }

    /// - Parameter members: of the object that is posted, with their values as JSON.
    func post(_ path: String, _ members: [(name: String, value: String)]) throws -> [UInt8] {
        var http = http
        http.headers += ["Content-Type: application/json", "Expect:"]
        return try response(path, Array(JSONText.object(members).utf8), http)
    }

    /// - Parameter body: JSON.
    func put(_ path: String, _ body: [UInt8]) throws -> [UInt8] {
        var http = http
        http.method = "PUT"
        http.headers += ["Content-Type: application/json", "Expect:"]
        return try response(path, body, http)
    }

    func delete(_ path: String) throws {
        var http = http
        http.method = "DELETE"
        _ = try response(path, nil, http)
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw Failed("\(Redaction.withoutCredentials(base)) does not answer as a bridge: is --url right?")
        }
    }

    private func response(_ path: String, _ body: [UInt8]?, _ http: BlockingRequest) throws -> [UInt8] {
        let shown = Redaction.withoutCredentials(base)
        let response: BlockingRequest.Response
        do throws(BlockingRequest.Failure) {
            response = try http.response(of: base + path, body: body)
        } catch {
            throw Failed("\(shown) does not answer: \(error)")
        }
        if (200..<300).contains(response.status) { return response.body }
        let problem = try? JSONDecoder().decode(RemoteProblem.self, from: Data(response.body))
        let hint = response.status == 401 ? " Give one with --token-file or FANFARE_TOKEN." : ""
        throw Failed("\(shown) answers \(response.status)\(problem.map { ": \($0.detail)" } ?? "")\(hint)")
    }

    private struct RemoteProblem: Decodable {
        var detail: String
    }
}
