import Foundation

/// A certificate authority made for one test run, and server certificates of it, in a folder that goes with the last
/// reference. Needs the `openssl` command.
final class Certificates: Sendable {
    struct Pair: Sendable {
        var certificate: String
        var key: String
    }

    let folder: String
    var authority: String { folder + "/ca.pem" }
    /// For `localhost` and `127.0.0.1`.
    let valid: Pair
    /// For another name.
    let otherName: Pair
    /// For `localhost`, until yesterday.
    let expired: Pair
    /// Of a client.
    let client: Pair

    init() throws {
        folder = NSTemporaryDirectory() + "fanfare-tls-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try Self.openssl(["req", "-x509"] + newKey + ["-keyout", folder + "/ca.key", "-out", folder + "/ca.pem", "-subj", "/CN=Test CA", "-days", "2"])
        func issue(_ name: String, for names: String, days: Int, in folder: String) throws -> Pair {
            let base = folder + "/" + name
            try Self.openssl(["req"] + newKey + ["-keyout", base + ".key", "-out", base + ".csr", "-subj", "/CN=test"])
            try "subjectAltName=\(names)".write(toFile: base + ".ext", atomically: true, encoding: .utf8)
            try Self.openssl([
                "x509", "-req", "-in", base + ".csr", "-CA", folder + "/ca.pem", "-CAkey", folder + "/ca.key", "-CAcreateserial",
                "-extfile", base + ".ext", "-days", "\(days)", "-out", base + ".pem",
            ])
            return Pair(certificate: base + ".pem", key: base + ".key")
        }
        valid = try issue("valid", for: "DNS:localhost,IP:127.0.0.1", days: 2, in: folder)
        otherName = try issue("other", for: "DNS:other.example", days: 2, in: folder)
        client = try issue("client", for: "DNS:fanfare", days: 2, in: folder)
        expired = try issue("expired", for: "DNS:localhost", days: -1, in: folder)
    }

    /// As `tls.pins` has it.
    func pin(of pair: Pair) throws -> String {
        let base = pair.certificate + ".public"
        try Self.openssl(["x509", "-in", pair.certificate, "-pubkey", "-noout", "-out", base])
        try Self.openssl(["pkey", "-pubin", "-in", base, "-outform", "der", "-out", base + ".der"])
        try Self.openssl(["dgst", "-sha256", "-binary", "-out", base + ".digest", base + ".der"])
        return "sha256//" + (try Data(contentsOf: URL(fileURLWithPath: base + ".digest"))).base64EncodedString()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableRuntimeMismatch) }
    }
}
