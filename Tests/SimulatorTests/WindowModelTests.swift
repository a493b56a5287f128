import EventModel
import Simulator
import Testing

/// The model that the engine's windows are held to, held to cases worked out by hand. Times are seconds, groups numbers.
@Suite struct WindowModelTests {
    /// A log: an event's time and group at each offset.
    private func model(
        _ shape: WindowShape, grace: TimeSpan = .zero, _ events: [(Int64, time: Int64, group: Int)], _ then: (inout WindowModel) -> Void = { _ in }
    ) -> WindowModel {
        var policy = WindowPolicy(shape: shape)
        policy.grace = grace
        var model = WindowModel(policy)
        for (offset, time, group) in events { model.look(.event(time: time * 1000, group: group), at: offset) }
        then(&model)
        return model
    }

    private func texts(_ instances: [WindowInstance]) -> [String] {
        instances.map { instance in
            guard case .window(let group, let start, let end) = instance.name else { return "\(instance.kind.rawValue) @\(instance.first)" }
            return "\(start / 1000)..<\(end / 1000) of \(group): " + instance.offsets.map { "\($0)" }.joined(separator: " ")
        }
    }

    @Test func `a tumbling window is complete when the watermark reaches its end`() {
        let before = model(.tumbling(size: .seconds(10)), [(0, 1, 1), (1, 9, 1), (2, 5, 2)])
        #expect(texts(before.done) == [])
        #expect(texts(before.openWindows) == ["0..<10 of 1: 0 1", "0..<10 of 2: 2"])
        let after = model(.tumbling(size: .seconds(10)), [(0, 1, 1), (1, 9, 1), (2, 5, 2), (3, 10, 1)])
        #expect(texts(after.done) == ["0..<10 of 1: 0 1", "0..<10 of 2: 2"])
        #expect(texts(after.openWindows) == ["10..<20 of 1: 3"])
        #expect(after.watermark == 10_000)
    }

    @Test func `boundaries are multiples of the size, also before 1970`() {
        let model = model(.tumbling(size: .seconds(10)), [(0, -1, 1), (1, -10, 1), (2, -11, 1)])
        #expect(texts(model.openWindows) == ["-10..<0 of 1: 0 1"])
        #expect(texts(model.done) == ["late @2"])
    }

    @Test func `grace keeps a window open`() {
        let events: [(Int64, time: Int64, group: Int)] = [(0, 1, 1), (1, 12, 1), (2, 2, 1), (3, 13, 1), (4, 3, 1)]
        let model = model(.tumbling(size: .seconds(10)), grace: .seconds(3), events)
        #expect(texts(model.done) == ["0..<10 of 1: 0 2", "late @4"])
    }

    @Test func `an event is in each hopping window that contains its time, and a place tells them apart`() {
        let model = model(.hopping(size: .seconds(10), hop: .seconds(4)), [(7, 9, 1)])
        #expect(WindowModel.places(model.shape) == 3)
        #expect(texts(model.openWindows) == ["0..<10 of 1: 7", "4..<14 of 1: 7", "8..<18 of 1: 7"])
        #expect(model.openWindows.map(\.place) == [21, 22, 23])
        #expect(texts(self.model(.hopping(size: .seconds(10), hop: .seconds(4)), [(7, 11, 1)]).openWindows) == ["4..<14 of 1: 7", "8..<18 of 1: 7"])
    }

    @Test func `an event that is late for some of its windows counts in the others`() {
        let model = model(.hopping(size: .seconds(10), hop: .seconds(5)), [(0, 12, 1), (1, 8, 1)])
        #expect(texts(model.done) == [])
        #expect(texts(model.openWindows) == ["5..<15 of 1: 0 1", "10..<20 of 1: 0"])
        #expect(model.openWindows.map(\.place) == [0, 1])
        let later = self.model(.hopping(size: .seconds(10), hop: .seconds(5)), [(0, 12, 1), (1, 16, 2), (2, 13, 1), (3, 9, 3)])
        #expect(texts(later.done) == ["5..<15 of 1: 0", "late @3"])
        #expect(texts(later.openWindows) == ["10..<20 of 1: 0 2", "10..<20 of 2: 1", "15..<25 of 2: 1"])
    }

    @Test func `events within the gap are one session, exactly the gap apart they are two`() {
        let shape = WindowShape.session(gap: .seconds(5), max: .seconds(100))
        #expect(texts(model(shape, [(0, 1, 1), (1, 5, 1), (2, 3, 1)]).openWindows) == ["1..<10 of 1: 0 1 2"])
        #expect(texts(model(shape, grace: .seconds(50), [(0, 1, 1), (1, 6, 1)]).openWindows) == ["1..<6 of 1: 0", "6..<11 of 1: 1"])
        #expect(texts(model(shape, [(0, 1, 1), (1, 6, 1)]).done) == ["1..<6 of 1: 0"])
    }

    @Test func `an event between two sessions makes them one`() {
        let model = model(.session(gap: .seconds(5), max: .seconds(100)), grace: .seconds(50), [(0, 1, 1), (1, 8, 1), (2, 4, 1)])
        #expect(texts(model.openWindows) == ["1..<13 of 1: 0 1 2"])
        #expect(model.openWindows.map(\.place) == [0])
    }

    @Test func `no session crosses a multiple of its longest length`() {
        let model = model(.session(gap: .seconds(5), max: .seconds(10)), grace: .seconds(50), [(0, 8, 1), (1, 10, 1), (2, 9, 1)])
        #expect(texts(model.openWindows) == ["8..<10 of 1: 0 2", "10..<15 of 1: 1"])
    }

    @Test func `an event of a group whose session is complete begins another`() {
        let model = model(.session(gap: .seconds(5), max: .seconds(100)), [(0, 1, 1), (1, 6, 2), (2, 2, 1), (3, 1, 1)])
        #expect(texts(model.done) == ["1..<6 of 1: 0", "late @3"])
        #expect(texts(model.openWindows) == ["6..<11 of 2: 1", "2..<7 of 1: 2"])
    }

    @Test func `what is complete is due in the order of its end, then of its first event`() {
        let model = model(.tumbling(size: .seconds(10)), grace: .seconds(20), [(0, 15, 1), (1, 12, 2), (2, 3, 3), (3, 99, 1)])
        #expect(texts(model.done) == ["0..<10 of 3: 2", "10..<20 of 1: 0", "10..<20 of 2: 1"])
    }

    @Test func `a watermark that advances completes windows and makes events late`() {
        let model = model(.tumbling(size: .seconds(10)), [(0, 1, 1)]) { model in
            model.advance(to: 9_999)
            #expect(model.done.isEmpty)
            model.advance(to: 10_000)
            model.look(.event(time: 2_000, group: 1), at: 1)
        }
        #expect(texts(model.done) == ["0..<10 of 1: 0", "late @1"])
        #expect(model.done[1].end == 10_001)
    }

    @Test func `what is no event comes by itself, and says nothing of time`() {
        let model = model(.tumbling(size: .seconds(10)), []) { model in
            model.look(.poison, at: 3)
            model.look(.nothing, at: 4)
        }
        #expect(texts(model.done) == ["poison @3"])
        #expect(model.watermark == nil)
    }
}

@Suite struct WindowClaimTests {
    /// base64url of 03 (both times), 05 (digest), 14 (10), 27 (-20), 02, 00 02 (1 at the base), 05 04 (2 at the base + 5), 01 02, 03 01.
    private let text = "2:AwUUJwIAAgUEAQIDAQ"

    @Test func `metadata is read by hand`() throws {
        let claim = try #require(WindowClaim(100, text, places: 2))
        #expect(claim.watermark == 10)
        #expect(claim.settledBefore == -20)
        #expect(claim.advances.map(\.offset) == [100, 105])
        #expect(claim.advances.map(\.time) == [1, 2])
        #expect(claim.runs == [201..<203, 206..<207])
    }

    @Test func `nothing is claimed by nothing`() throws {
        let claim = try #require(WindowClaim(7, "", places: 1))
        #expect(claim.watermark == nil && claim.runs.isEmpty && claim.advances.isEmpty)
        #expect(WindowClaim(7, "1:AQI", places: 1) == nil)
        #expect(WindowClaim(7, "1:AQI", places: nil)?.runs == [8..<10])
        #expect(WindowClaim(7, "2:AwU", places: 1) == nil)
    }
}
