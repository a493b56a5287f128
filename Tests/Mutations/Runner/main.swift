import Glibc
import MutationSwitch
import Simulator

// mutant-runner SEEDS [--windows] [--until CLAUSE] [--seconds N] [--reached] [--trace]: runs seeds, such as 1-100,120,133, with the mutation
// in force, and stops when one breaks the contract, or that clause of it. Each line begins with its seed; when the process
// dies, the seed after the last line has killed it. A seed that takes more than N seconds of the processor, 2, is killed, too.

let arguments = CommandLine.arguments
let seeds = arguments[1].split(separator: ",").flatMap { part in
    let bounds = part.split(separator: "-").map { UInt64($0)! }
    return bounds.first!...bounds.last!
}
let clause = arguments.firstIndex(of: "--until").map { arguments[$0 + 1] }
let seconds = arguments.firstIndex(of: "--seconds").map { Int32(arguments[$0 + 1])! } ?? 2
let hasWindows = arguments.contains("--windows")
let listsReached = arguments.contains("--reached")
let tells: ((TraceLine) -> Void)? = arguments.contains("--trace") ? { print($0) } : nil

for seed in seeds {
    limitProcessorTime(seconds)
    let (violations, digest): ([Violation], UInt64)
    if hasWindows {
        let result = WindowSimulation(.random(seed: seed), listener: tells).run()
        (violations, digest) = (result.violations, result.digest)
    } else {
        let result = Simulation(.random(seed: seed), listener: tells).run()
        (violations, digest) = (result.violations, result.digest)
    }
    if let violation = violations.first {
        let text = violation.text.split(separator: "\n").joined(separator: ";")
        print("\(seed) violation \(violation.clause) \(text)")
        if clause == nil || clause == violation.clause.rawValue { break }
    } else {
        var line = "\(seed) kept \(digest)"
        if listsReached {
            for number in 1..<mutationsAtMost where mutationWasReached(Int32(number)) { line += " \(number)" }
            forgetMutationsReached()
        }
        print(line)
    }
    fflush(nil)
}
