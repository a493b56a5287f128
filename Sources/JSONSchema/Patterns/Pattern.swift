/// A regular expression as steps that all its possible ways through a text take at the same time (Thompson's construction,
/// run as Pike does): each character of the text costs at most one look at each step, whatever the expression.
struct Pattern: Sendable {
    enum Step: Sendable {
        case one(ScalarClass)
        case fork(Int, Int)
        case jump(Int)
        case start
        case end
        case wordBoundary(Bool)
        case match
    }

    let steps: [Step]

    static let mostSteps = 5000

    /// - Throws: why the expression cannot be used.
    init(_ text: String) throws(PatternError) {
        var builder = Builder()
        try builder.add(try PatternParser.parse(text))
        builder.steps.append(.match)
        steps = builder.steps
    }

    private struct Builder {
        var steps: [Step] = []

        private mutating func append(_ step: Step) throws(PatternError) {
            guard steps.count < Pattern.mostSteps else { throw PatternError(message: "is too large: its repetitions make more than \(Pattern.mostSteps) steps") }
            steps.append(step)
        }

        mutating func add(_ syntax: PatternSyntax) throws(PatternError) {
            switch syntax {
            case .empty: break
            case .one(let scalars): try append(.one(scalars))
            case .start: try append(.start)
            case .end: try append(.end)
            case .wordBoundary(let isOne): try append(.wordBoundary(isOne))
            case .sequence(let parts): for part in parts { try add(part) }
            case .alternatives(let parts): try add(alternatives: parts)
            case .repeat(let part, let least, let greatest):
                for _ in 0..<least {
                    let before = steps.count
                    try add(part)
                    // What made no step once never does. Only steps are limited, and repetitions inside each other multiply.
                    if steps.count == before { break }
                }
                if let greatest { try add(part, atMost: greatest - least) } else { try add(anyNumberOf: part) }
            }
        }

        private mutating func add(alternatives parts: [PatternSyntax]) throws(PatternError) {
            var exits: [Int] = []
            for part in parts.dropLast() {
                let fork = steps.count
                try append(.fork(fork + 1, 0))
                try add(part)
                exits.append(steps.count)
                try append(.jump(0))
                steps[fork] = .fork(fork + 1, steps.count)
            }
            if let last = parts.last { try add(last) }
            for exit in exits { steps[exit] = .jump(steps.count) }
        }

        /// Whoever leaves goes to the end at once, not through the rest of the repetitions one by one.
        private mutating func add(_ part: PatternSyntax, atMost count: Int) throws(PatternError) {
            var forks: [Int] = []
            for _ in 0..<count {
                forks.append(steps.count)
                try append(.fork(0, 0))
                try add(part)
            }
            for fork in forks { steps[fork] = .fork(fork + 1, steps.count) }
        }

        private mutating func add(anyNumberOf part: PatternSyntax) throws(PatternError) {
            let fork = steps.count
            try append(.fork(0, 0))
            try add(part)
            try append(.jump(fork))
            steps[fork] = .fork(fork + 1, steps.count)
        }
    }
}
