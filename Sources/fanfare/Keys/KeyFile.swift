import ArgumentParser
import CLinux
import Glibc
import Signing

/// A file of signing secrets or private keys, one per line, the newest first; lines that begin with `#` are for people.
struct KeyFile {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        /// `whsec_...`, or any text of the schemes `github` and `stripe`.
        case secret
        /// `whsk_...`.
        case ed25519

        init(of text: String) { self = text.hasPrefix(StandardWebhooks.PrivateKey.prefix) ? .ed25519 : .secret }

        /// A new one, in its written form.
        func random() -> String {
            switch self {
            case .secret: StandardWebhooks.Secret.random().revealed()
            case .ed25519: StandardWebhooks.PrivateKey.random().text
            }
        }
    }

    /// More are refused where a manifest names the file.
    static let most = 10

    let path: String
    private(set) var keys: [String]
    private let owner: fanfare_file_owner

    /// - Throws: what is wrong with the file, never with its text in it.
    init(_ path: String) throws {
        var resolved = path
        // Written anew by renaming; a link is to stay one.
        if let real = realpath(path, nil) {
            resolved = String(cString: real)
            free(real)
        }
        var owner = fanfare_file_owner()
        guard fanfare_owner_of(resolved, &owner) == 0 else { throw Failed("cannot read \(path): \(String(cString: strerror(errno)))") }
        self.path = resolved
        self.owner = owner
        keys = try Self.lines(of: resolved)
        guard !keys.isEmpty else { throw Failed("\(path) holds no secret; make one with: fanfare keys new --out FILE") }
        guard Set(keys.map { Kind(of: $0) }).count == 1 else { throw Failed("\(path) holds both secrets and ed25519 keys; give each a file of its own") }
        for (index, key) in keys.enumerated() {
            do throws(StandardWebhooks.SecretError) {
                switch kind {
                case .ed25519: _ = try StandardWebhooks.PrivateKey(key)
                case .secret where key.hasPrefix(StandardWebhooks.Secret.prefix): _ = try StandardWebhooks.Secret(key)
                case .secret: _ = try TextSecret(key)
                }
            } catch {
                throw Failed("\(path), entry \(index + 1): \(error)")
            }
        }
    }

    var kind: Kind { Kind(of: keys[0]) }

    /// Of private keys; empty otherwise.
    var publicKeys: [String] { keys.compactMap { try? StandardWebhooks.PrivateKey($0).publicKey.text } }

    mutating func add() throws {
        guard keys.count < Self.most else {
            throw Failed("\(path) holds \(keys.count) already, the most that sign; remove the old ones with --finish")
        }
        keys.insert(kind.random(), at: 0)
        try write()
    }

    mutating func removeOld() throws {
        keys.removeLast(keys.count - 1)
        try write()
    }

    /// At once for everybody who reads it, with the owner it has, and nothing for others.
    private func write() throws {
        let scratch = "\(path).\(getpid()).new"
        try Self.create(scratch, keys, mode: owner.mode & 0o770) { descriptor in
            // Only root can, and only for root does it matter.
            _ = fchown(descriptor, owner.user, owner.group)
        }
        guard rename(scratch, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(scratch)
            throw Failed("cannot write \(path): \(reason)")
        }
    }

    /// A file that was not there before.
    static func create(_ path: String, _ keys: [String], mode: mode_t = 0o600, prepare: (Int32) -> Void = { _ in }) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Failed(errno == EEXIST ? "\(path) is there already; to add a secret to it: fanfare keys rotate FILE" : "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        prepare(descriptor)
        var text = keys.map { $0 + "\n" }.joined()
        let isWritten = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
        guard isWritten, fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw Failed("cannot write \(path): \(reason)")
        }
    }

    /// What the file says, whatever it is worth.
    static func lines(of path: String) throws -> [String] {
        var input = try Input(path)
        var lines: [String] = []
        while let line = try input.nextLine() {
            guard let text = String(validating: line, as: UTF8.self) else { throw Failed("\(path) is not text") }
            let line = text.trimmingSpaces()
            if !line.isEmpty && !line.hasPrefix("#") { lines.append(line) }
            guard lines.count <= 1000 else { throw Failed("\(path) has more than 1000 lines: it is no file of secrets") }
        }
        return lines
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return String(text)
    }
}
