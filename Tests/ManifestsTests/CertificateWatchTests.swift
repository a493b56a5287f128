import EventModel
import Manifests
import PEMFixtures
import Testing

/// The certificate of the fixtures ends with the year 2099.
@Suite("A client certificate that ends")
struct CertificateWatchTests {
    private let end = WallTime(rfc3339: "2100-01-01T00:00:00Z")!

    private func watch(at time: String) -> CertificateWatch {
        let keys = "auth: { mtls: { certificate: /a.pem, key: /a.key } }"
        let loaded = load(subscription(keys), files: ["/a.pem": PEM.certificate, "/a.key": PEM.key])
        #expect(loaded.isUsable)
        return CertificateWatch(loaded.topics, at: WallTime(rfc3339: time)!)
    }

    @Test("is known by its subscription")
    func known() {
        let watch = watch(at: "2099-01-01T00:00:00Z")
        #expect(watch.end(of: "s") == end)
        #expect(watch.end(of: "another") == nil)
        #expect(CertificateWatch(load(subscription("")).topics, at: end).end(of: "s") == nil)
    }

    @Test("is told of two weeks before, and when it has ended, once each")
    func stages() {
        var watch = watch(at: "2099-01-01T00:00:00Z")
        func look(_ time: String) -> [CertificateWatch.Event] { watch.look(at: WallTime(rfc3339: time)!) }
        #expect(look("2099-12-18T00:00:00Z") == [])
        let soon = look("2099-12-18T00:00:01Z")
        #expect(soon.map(\.subscription) == ["s"] && soon.map(\.file) == ["/a.pem"] && soon.map(\.end) == [end] && soon.map(\.hasEnded) == [false])
        #expect(look("2099-12-18T00:00:02Z") == [] && look("2099-12-31T23:59:59Z") == [])
        #expect(look("2100-01-01T00:00:00Z").map(\.hasEnded) == [true])
        #expect(look("2100-01-02T00:00:00Z") == [])
    }

    @Test("and was loaded like that was told of then", arguments: [("2099-12-20T00:00:00Z", [true]), ("2100-01-01T00:00:00Z", [])])
    func loaded(at time: String, later: [Bool]) {
        var watch = watch(at: time)
        #expect(watch.look(at: WallTime(rfc3339: time)!) == [])
        #expect(watch.look(at: WallTime(rfc3339: "2100-06-01T00:00:00Z")!).map(\.hasEnded) == later)
    }

    @Test("is told of again only if it had not ended when the clock was set back")
    func clock() {
        var watch = watch(at: "2099-01-01T00:00:00Z")
        func look(_ time: String) -> Int { watch.look(at: WallTime(rfc3339: time)!).count }
        #expect(look("2100-01-01T00:00:00Z") == 1)
        #expect(look("2099-12-31T00:00:00Z") == 0)
        #expect(look("2100-01-01T00:00:00Z") == 1)
    }
}
