import EventModel
import TerminalViews
import Testing

@Suite struct `A timeline` {
    private func at(_ seconds: Int64) -> WallTime { WallTime(milliseconds: seconds * 1000) }

    private func timeline(to end: Int64, width: Int = 25, unicode: Bool = true) -> Timeline {
        Timeline(from: at(0), to: at(end), width: width, style: TerminalStyle(colour: false, unicode: unicode))
    }

    @Test func `puts bars where their time is`() {
        let timeline = timeline(to: 240)
        #expect(timeline.bar(from: at(0), to: at(60), marks: [at(20), at(40)]) == "├─●─●─┤")
        #expect(timeline.bar(from: at(60), to: at(240), marks: [at(239)]) == "      ├────────────────●┤")
        #expect(self.timeline(to: 240, unicode: false).bar(from: at(0), to: at(60), marks: [at(20)]) == "[-*---]")
    }

    @Test func `shows what is too short as one column, an event rather than an end`() {
        #expect(timeline(to: 86_400).bar(from: at(0), to: at(1), marks: []) == "┤")
        #expect(timeline(to: 86_400).bar(from: at(0), to: at(1), marks: [at(0)]) == "●")
        #expect(timeline(to: 0).bar(from: at(0), to: at(0), marks: [at(0)]) == "●")
    }

    @Test(arguments: [
        (2, "00:00:00    00:00:01"), (240, "00:00       00:02"), (7200, "00:00       01:00"), (172_800, "1970-01-01  1970-01-02"),
    ])
    func `has an axis of moments that people count by`(seconds: Int64, axis: String) {
        #expect(timeline(to: seconds).axis == axis)
    }

    @Test func `labels years, too`() {
        #expect(timeline(to: 86_400 * 36_500).axis.count <= 25)
    }
}
