internal import Foundation

/// What the learning rate is multiplied by at each step.
public enum LearningRateSchedule: Sendable, Codable, Equatable {
    /// 1 at every step.
    case constant
    /// Rises in a line over so many steps, from 1 / steps at step 0 to 1, and stays; 0 steps keep it at 1.
    case warmup(Int)
    /// Rises over `warmup` steps, then falls along half a cosine to `floor` at step `total` (Loshchilov, Hutter 2016,
    /// arXiv:1608.03983).
    case cosine(warmup: Int, total: Int, floor: Double)
    /// Rises over `warmup` steps, then falls in a line to `floor` at step `total`.
    case linear(warmup: Int, total: Int, floor: Double)
    /// Multiplied by `factor` after every `every` steps.
    case stepped(every: Int, factor: Double)

    /// The multiplier of step `step`, counted from 0.
    public func multiplier(_ step: Int) -> Double {
        func rise(_ warmup: Int) -> Double { warmup > 0 ? min(1, Double(step + 1) / Double(warmup)) : 1 }
        func done(_ warmup: Int, _ total: Int) -> Double {
            min(1, max(0, Double(step - warmup) / Double(max(1, total - warmup))))
        }
        switch self {
        case .constant: return 1
        case .warmup(let steps): return rise(steps)
        case .cosine(let warmup, let total, let floor):
            return rise(warmup) * (floor + (1 - floor) * (1 + cos(.pi * done(warmup, total))) / 2)
        case .linear(let warmup, let total, let floor):
            return rise(warmup) * (1 - (1 - floor) * done(warmup, total))
        case .stepped(let every, let factor): return pow(factor, Double(step / max(1, every)))
        }
    }
}
