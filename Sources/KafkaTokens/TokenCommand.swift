import EventFormats
package import EventModel
package import KafkaClient

/// A program that prints a token: as a token endpoint would answer (RFC 6749, section 5.1), or nothing but a JWT.
package struct TokenCommand: TokenGiver {
    package let name: String
    private let program: Subprocess

    package init(_ policy: BridgeConfiguration.OAuth) {
        // The arguments may be anything.
        name = "the command \(policy.command[0])"
        program = Subprocess(arguments: policy.command, timeout: policy.timeout)
    }

    package func ask() throws(BearerTokenFailure) -> GivenToken {
        do throws(Subprocess.Failure) {
            return try Self.token(in: try program.output(), of: name)
        } catch {
            throw BearerTokenFailure("\(name) \(error); run it as this user to see what is wrong")
        }
    }

    private static func token(in output: [UInt8], of name: String) throws(Subprocess.Failure) -> GivenToken {
        if output.first(where: { !isSpace($0) }) == UInt8(ascii: "{") {
            switch output.withUnsafeBytes({ AccessTokenAnswer($0, isSuccess: true) }) {
            case .token(let token, let lifetime): return GivenToken(token, lifetime: lifetime)
            case .refused: throw Subprocess.Failure("prints no token")
            case .unusable(let reason): throw Subprocess.Failure("prints what \(reason)")
            }
        }
        let text = output.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        let token = String(decoding: Array(text), as: UTF8.self)
        guard JWTClaims(token) != nil else {
            throw Subprocess.Failure(text.isEmpty ? "prints nothing" : "prints neither a JSON object with access_token nor a JWT")
        }
        return GivenToken(token)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
