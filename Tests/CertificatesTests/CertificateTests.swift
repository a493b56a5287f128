import Certificates
import PEMFixtures
import Testing

/// What is said of files that people name as certificates and keys.
@Suite struct CertificateTests {
    @Test func aCertificateIsReadWithItsDates() throws {
        let list = try CertificateList(pem: Array(PEM.certificate.utf8))
        #expect(list.count == 1)
        #expect(list.leafBegins == 1_767_225_600)
        #expect(list.firstExpiry == 4_102_444_800)
    }

    @Test func severalCertificatesWithTextBetweenThemAreAllRead() throws {
        let list = try CertificateList(pem: Array("the leaf\n\(PEM.certificate)\nits authority\n\(PEM.certificate)\n".utf8))
        #expect(list.count == 2)
    }

    @Test(arguments: ["", "no certificate", "-----BEGIN CERTIFICATE-----\n", "\u{0}"])
    func whatHoldsNoCertificateIsRefused(text: String) {
        #expect(throws: PEMError.self) { try CertificateList(pem: Array(text.utf8)) }
    }

    @Test func aDamagedCertificateBehindAGoodOneIsNamed() throws {
        let damaged = PEM.certificate.replacing("MII", with: "AAA")
        let error = #expect(throws: PEMError.self) { try CertificateList(pem: Array((PEM.certificate + damaged).utf8)) }
        #expect(try #require(error).description == "holds a certificate that cannot be read: number 2")
    }

    @Test func aKeyMustBelongToTheCertificate() throws {
        let list = try CertificateList(pem: Array(PEM.certificate.utf8))
        try ClientCertificate.check(key: Array(PEM.key.utf8), for: list)
        func complaint(_ key: String) throws -> String {
            try #require(#expect(throws: PEMError.self) { try ClientCertificate.check(key: Array(key.utf8), for: list) }).description
        }
        #expect(try complaint(PEM.otherKey) == "holds a key that does not belong to the certificate")
        #expect(try complaint(PEM.encryptedKey).contains("passphrase"))
        #expect(try complaint(PEM.certificate).contains("holds no private key"))
        #expect(try complaint("").contains("holds no private key"))
    }
}
