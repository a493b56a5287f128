import TerminalViews
import Testing

private let unicode = TerminalStyle(colour: false, unicode: true)

@Suite struct `Display width` {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("ｶ", 1), ("Ａ", 2), ("한", 2), ("→", 1), ("█", 1), ("✓", 1),
        ("👍", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("✔️", 2), ("a\u{200D}", 1),
    ])
    func `counts columns`(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func `cuts between characters and marks the cut`() {
        #expect(DisplayWidth.truncate("abcdef", to: 6) == "abcdef")
        #expect(DisplayWidth.truncate("abcdef", to: 4) == "abc…")
        #expect(DisplayWidth.truncate("日本語", to: 4) == "日…")
        #expect(DisplayWidth.truncate("abc", to: 1) == "…")
        #expect(DisplayWidth.truncate("abc", to: 0) == "")
    }

    @Test func `knows what is not safe to print`() {
        #expect(DisplayWidth.printable("a\tb\r\u{1b}[0m\u{9b}\u{2028}\u{202e}") == "a?b??[0m???")
        #expect(DisplayWidth.printable("Grüße 日本 👩‍👩‍👧") == "Grüße 日本 👩‍👩‍👧")
    }
}

@Suite struct `A table` {
    private var table: Table {
        var table = Table([.init("TOPIC"), .init("OFFSET", .right), .init("REASON", shrinks: true)])
        table.add(["shop.orders", "7", "http 422: unknown currency"])
        table.add(["店", "1204", "timeout"])
        return table
    }

    @Test func `lines its columns up`() {
        #expect(
            table.render(width: nil, style: unicode) == """
                TOPIC        OFFSET  REASON
                shop.orders       7  http 422: unknown currency
                店             1204  timeout

                """)
    }

    @Test func `cuts only the columns that may shrink`() {
        #expect(
            table.render(width: 33, style: .plain) == """
                TOPIC        OFFSET  REASON
                shop.orders       7  http 422: u~
                店             1204  timeout

                """)
        #expect(table.render(width: 5, style: .plain).hasPrefix("TOPIC        OFFSET  REASON\n"))
    }

    @Test func `without rows is its titles`() {
        #expect(Table([.init("A"), .init("B")]).render(width: 80, style: unicode) == "A  B\n")
        #expect(Table([.init("A")]).render(width: 80, style: TerminalStyle(colour: true, unicode: true)) == "\u{1b}[1mA\u{1b}[0m\n")
    }
}

@Suite struct `A progress line` {
    @Test func `shows how far, how fast and how long`() {
        #expect(
            ProgressLine.render("Redriving", done: 1200, total: 3000, perSecond: 310, width: 80, style: unicode)
                == "Redriving  ████████████░░░░░░░░░░░░░░░░░░  1,200 of 3,000  40 %  310/s  6 s left")
        #expect(
            ProgressLine.render("Redriving", done: 3000, total: 3000, width: 50, style: .plain)
                == "Redriving  ################  3,000 of 3,000  100 %")
    }

    @Test func `shows the count alone while the whole is not known`() {
        #expect(ProgressLine.render("Reading", done: 42, total: nil, width: 80, style: unicode) == "Reading  42")
        #expect(ProgressLine.render("Reading", done: 42, total: 0, perSecond: 7, width: 12, style: unicode) == "Reading  42…")
    }
}

@Suite struct `Figures` {
    @Test func `are grouped and shortened`() {
        #expect(Numbers.grouped(0) == "0")
        #expect(Numbers.grouped(-1234) == "-1,234")
        #expect(Numbers.grouped(9_999_999) == "9,999,999")
        #expect(Numbers.grouped(12_345_678) == "12.3M")
        #expect(Numbers.grouped(UInt64.max) == "18446744073.7G")
    }

    @Test func `stand before what they count`() {
        #expect([0, 1, 2, 1240].map { Numbers.counted($0, "topic") } == ["0 topics", "1 topic", "2 topics", "1,240 topics"])
    }

    @Test func `of time are said as people do`() {
        #expect([0, 59, 60, 125, 3600, 11400].map { Numbers.duration(seconds: $0) } == ["0 s", "59 s", "1 min", "2 min 5 s", "1 h", "3 h 10 min"])
    }
}

@Suite struct `The terminal's mode` {
    private func mode(_ isTerminal: Bool, _ environment: [String: String]) -> TerminalMode {
        TerminalMode.choose(isTerminal: isTerminal, environment: { environment[$0] })
    }

    @Test func `is a picture only on a terminal that can draw one`() {
        let full = ["TERM": "xterm-256color", "LANG": "en_US.UTF-8"]
        #expect(mode(true, full) == .picture(TerminalStyle(colour: true, unicode: true)))
        #expect(mode(false, full) == .lines(TerminalStyle(colour: false, unicode: true)))
        #expect(mode(true, ["TERM": "dumb"]) == .lines(.plain))
        #expect(mode(true, [:]) == .lines(.plain))
    }

    @Test func `respects NO_COLOR and the locale`() {
        #expect(mode(true, ["TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.utf8"]) == .picture(TerminalStyle(colour: false, unicode: true)))
        #expect(mode(true, ["TERM": "xterm", "NO_COLOR": ""]) == .picture(TerminalStyle(colour: true, unicode: false)))
        #expect(mode(true, ["TERM": "xterm", "LC_ALL": "C", "LANG": "en_US.UTF-8"]) == .picture(TerminalStyle(colour: true, unicode: false)))
        #expect(mode(true, ["TERM": "linux", "LANG": "en_US.UTF-8"]) == .picture(TerminalStyle(colour: true, unicode: false)))
    }
}
