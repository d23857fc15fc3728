internal import PlumbModels
internal import PlumbTokenizers

/// A function from words to words that a language model may read off worked examples.
public struct WordTask: Sendable {
    /// In snake case, for the names of metrics.
    public let id: String
    /// For sentences.
    public let title: String
    /// Words with their answers.
    public let pairs: [Pair]

    /// A word and its answer.
    public struct Pair: Sendable, Equatable {
        /// The question.
        public let word: String
        /// The answer.
        public let answer: String
    }

    init(_ id: String, _ title: String, _ pairs: String) {
        (self.id, self.title) = (id, title)
        self.pairs = pairs.split(separator: " ").map { pair in
            let parts = pair.split(separator: ":").map(String.init)
            return Pair(word: parts[0], answer: parts[parts.count - 1])
        }
    }

    private init(_ id: String, _ title: String, words: String, _ answer: (String) -> String) {
        (self.id, self.title) = (id, title)
        pairs = words.split(separator: " ").map { Pair(word: String($0), answer: answer(String($0))) }
    }

    /// The pairs whose answers begin with another token than their words: copying the word's first token is then no answer.
    func pairs(for model: HookedTransformer) throws -> [Pair] {
        try pairs.filter { try Self.firstToken($0.answer, model) != Self.firstToken($0.word, model) }
    }

    /// The token that a word inside a text begins with.
    static func firstToken(_ word: String, _ model: HookedTransformer) throws -> Int {
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
        guard let first = tokenizer.encode(" " + word, addSpecialTokens: false).first else {
            throw ModelError("\"\(word)\" has no tokens")
        }
        return first
    }

    /// Worked examples and a question, as text.
    static func prompt(_ examples: [Pair], question: String) -> String {
        examples.map { "Q: \($0.word)\nA: \($0.answer)\n\n" }.joined() + "Q: \(question)\nA:"
    }
}

extension WordTask {
    /// All tasks, in reading order.
    public static let all = [antonyms, capitals, plurals, past, french, uppercase, capitalized]

    /// From a word to its opposite.
    public static let antonyms = WordTask(
        "antonyms", "antonyms",
        """
        hot:cold big:small up:down good:bad fast:slow old:new happy:sad light:dark rich:poor hard:soft open:closed \
        early:late strong:weak high:low left:right full:empty black:white day:night true:false love:hate young:old wet:dry \
        win:lose first:last long:short near:far inside:outside buy:sell start:end push:pull clean:dirty safe:dangerous \
        deep:shallow loud:quiet thick:thin wide:narrow war:peace life:death top:bottom north:south
        """)
    /// From a country to its capital.
    public static let capitals = WordTask(
        "capitals", "capitals",
        """
        France:Paris Italy:Rome Germany:Berlin Japan:Tokyo Spain:Madrid Russia:Moscow China:Beijing Egypt:Cairo \
        Greece:Athens England:London Poland:Warsaw Austria:Vienna Ireland:Dublin Portugal:Lisbon Cuba:Havana Iran:Tehran \
        Iraq:Baghdad Hungary:Budapest Sweden:Stockholm Kenya:Nairobi Norway:Oslo Finland:Helsinki Denmark:Copenhagen \
        Belgium:Brussels Turkey:Ankara Canada:Ottawa Peru:Lima Chile:Santiago Thailand:Bangkok Scotland:Edinburgh \
        Lebanon:Beirut Syria:Damascus Taiwan:Taipei Jordan:Amman Romania:Bucharest Bulgaria:Sofia
        """)
    /// From one to many.
    public static let plurals = WordTask(
        "plurals", "plurals",
        """
        cat:cats dog:dogs city:cities box:boxes child:children man:men woman:women foot:feet tooth:teeth mouse:mice \
        leaf:leaves knife:knives baby:babies bus:buses church:churches hero:heroes tree:trees car:cars story:stories \
        party:parties watch:watches wolf:wolves wife:wives person:people house:houses bird:birds lady:ladies \
        glass:glasses dish:dishes fly:flies half:halves shelf:shelves day:days key:keys book:books country:countries
        """)
    /// From the present to the past.
    public static let past = WordTask(
        "past_tense", "past tense",
        """
        go:went see:saw take:took run:ran eat:ate come:came give:gave find:found think:thought buy:bought write:wrote \
        speak:spoke break:broke drive:drove know:knew grow:grew fly:flew begin:began drink:drank sing:sang swim:swam \
        teach:taught catch:caught bring:brought sell:sold tell:told hold:held stand:stood leave:left feel:felt keep:kept \
        sleep:slept lose:lost win:won walk:walked jump:jumped play:played look:looked
        """)
    /// From English to French.
    public static let french = WordTask(
        "translation", "translation into French",
        """
        dog:chien cat:chat house:maison water:eau bread:pain book:livre tree:arbre sun:soleil moon:lune night:nuit \
        day:jour man:homme woman:femme child:enfant king:roi queen:reine hand:main head:tête heart:cœur eye:œil red:rouge \
        white:blanc black:noir green:vert blue:bleu friend:ami city:ville street:rue school:école milk:lait \
        cheese:fromage wine:vin fish:poisson bird:oiseau horse:cheval door:porte brother:frère sister:sœur mother:mère \
        father:père year:an time:temps world:monde life:vie love:amour
        """)
    private static let plainWords =
        """
        cat dog house water time man good new first last open free home world life day love game city red black white war \
        art music food stop north south east west book news sale army king apple river
        """
    /// From small letters to capital ones.
    public static let uppercase = WordTask("uppercase", "capital letters", words: plainWords) { $0.uppercased() }
    /// From a small first letter to a capital one.
    public static let capitalized = WordTask("capitalization", "capital first letters", words: plainWords) {
        $0.prefix(1).uppercased() + $0.dropFirst()
    }
}
