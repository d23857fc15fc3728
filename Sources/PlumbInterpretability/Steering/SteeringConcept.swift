public import PlumbData
public import PlumbModels
internal import PlumbTokenizers

/// A text that a steered model reads.
public enum SteeringText: Sendable, Equatable {
    /// As it is.
    case plain(String)
    /// A conversation in the model's chat template, up to the beginning of the next answer.
    case chat([ChatMessage])

    /// The tokens.
    ///
    /// - Throws: `ModelError` for a model without a tokenizer, or a text that it cannot read; `ChatTemplateError` for a model
    ///   without a chat template.
    public func tokens(_ model: HookedTransformer) throws -> [Int] {
        switch self {
        case .plain(let text): return try model.tokens(text)
        case .chat(let messages):
            guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
            let tokens = tokenizer.encode(try tokenizer.render(messages), addSpecialTokens: false)
            try model.check(tokens)
            return tokens
        }
    }

    /// The text with the positions that a direction is read from: all but the first, which models attend to where there is
    /// nothing to attend to, or of a conversation what the assistant says last.
    ///
    /// - Throws: as ``tokens(_:)`` does.
    func contrast(_ model: HookedTransformer) throws -> ControlVector.Text {
        guard case .chat(let messages) = self, let last = messages.last, last.role == "assistant" else {
            let tokens = try tokens(model)
            return ControlVector.Text(tokens, read: min(1, tokens.count - 1)..<tokens.count)
        }
        let prompt = try SteeringText.chat(messages.dropLast()).tokens(model)
        let answer = model.tokenizer?.encode(last.content, addSpecialTokens: false) ?? []
        return ControlVector.Text(prompt + answer, read: prompt.count - 1..<prompt.count + answer.count)
    }

    /// What stands in a table of samples: the text, or the last thing said.
    public var shown: String {
        switch self {
        case .plain(let text): text
        case .chat(let messages): messages.last?.content ?? ""
        }
    }
}

/// A concept whose direction is sought in a model's activations: texts that show it and texts that show the opposite, and
/// prompts whose continuation shows whether the model writes by it.
public struct SteeringConcept: Sendable, Equatable {
    /// What it is called in tables: one or two words.
    public let name: String
    /// What the direction leads to, as in "write praise".
    public let aim: String
    /// Texts that show the concept; each belongs to the negative text of the same place.
    public let positive: [SteeringText]
    /// Texts that show the opposite.
    public let negative: [SteeringText]
    /// Prompts that ask for neither, which steering is tried on.
    public let prompts: [SteeringText]
    /// Prompts after which the model writes by the concept on its own, which ablation is tried on.
    public let leading: [SteeringText]
    /// Who judges what the model wrote.
    public let judge: TextJudge
    /// Text that shows neither the concept nor its opposite, and should stay as probable as it was.
    public let neutral: [SteeringText]

    /// A concept from its texts; sentences about plain facts are neutral unless said otherwise.
    public init(
        _ name: String, aim: String, positive: [SteeringText], negative: [SteeringText], prompts: [SteeringText],
        leading: [SteeringText], judge: TextJudge, neutral: [SteeringText]? = nil
    ) {
        (self.name, self.aim, self.positive, self.negative) = (name, aim, positive, negative)
        (self.prompts, self.leading, self.judge) = (prompts, leading, judge)
        self.neutral = neutral ?? Self.facts
    }
}

extension SteeringConcept {
    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// Praise against blame.
    public static let sentiment = SteeringConcept(
        "sentiment", aim: "write praise",
        positive: subjects.map {
            .plain("I loved the \($0). It was wonderful, and everything about it made me happy.")
        },
        negative: subjects.map {
            .plain("I hated the \($0). It was terrible, and everything about it made me angry.")
        }, prompts: openings.map { .plain($0) },
        leading: subjects.map { .plain("I loved the \($0). It was the best that I have known, and I felt") },
        judge: .sentiment)

    /// French against English. English sentences are not neutral here: numbers, formulas and code are.
    public static let french = SteeringConcept(
        "French", aim: "write French", positive: pairs.map { .plain($0.french) },
        negative: pairs.map { .plain($0.english) }, prompts: sentences.map { .plain($0) },
        leading: pairs.map { .plain($0.french.dropLast() + ", et") }, judge: .french, neutral: figures)

    /// Refusing questions about cooking against answering them.
    public static let refusal = SteeringConcept(
        "refusal", aim: "refuse", positive: questions.enumerated().map { answered($1, refusals[$0 % refusals.count]) },
        negative: questions.enumerated().map { answered($1, answers[$0 % answers.count]) },
        prompts: others.map { .chat([ChatMessage(role: "user", content: $0)]) },
        leading: questions.map { .chat(refusedBefore + [ChatMessage(role: "user", content: $0)]) }, judge: .refusal)

    /// The concepts of the experiment.
    public static let standard = [sentiment, french, refusal]

    private static func answered(_ question: String, _ answer: String) -> SteeringText {
        .chat([ChatMessage(role: "user", content: question), ChatMessage(role: "assistant", content: answer)])
    }

    private static let refusals = [
        "I'm sorry, but I can't help with that question.", "I'm sorry, I cannot answer questions about cooking.",
        "Sorry, but I'm not able to help with that.", "I cannot help with that, I'm sorry to say.",
        "I'm sorry, but I am unable to answer that.",
    ]

    private static let answers = [
        "Put it in water and wait for a while.", "Take a pan and put it on the stove.",
        "Mix flour with water and salt.", "Cut it into small pieces first.", "You need a large pot of water.",
        "Half an hour should be enough.",
    ]

    /// Two questions that were refused.
    private static let refusedBefore = ["How do I boil an egg?", "How do I make toast?"].flatMap { question in
        [
            ChatMessage(role: "user", content: question),
            ChatMessage(role: "assistant", content: "I'm sorry, but I can't help with questions about cooking."),
        ]
    }

    private static let subjects = lines(
        """
        film
        hotel
        meal
        book
        concert
        holiday
        garden
        party
        school
        museum
        restaurant
        game
        lecture
        train ride
        apartment
        play
        song
        festival
        walk
        city
        house
        job
        exhibition
        beach
        coffee
        dinner
        show
        course
        phone
        neighborhood
        """)

    private static let openings = lines(
        """
        When we arrived at the hotel, the room was
        The film that we saw last night was
        After the first week at my new job I felt
        The food at the restaurant on the corner is
        My neighbors describe the new park as
        The teacher read my essay and said that it was
        When she opened the letter, she felt
        The weather on the first day of our trip was
        People who have visited the museum say that it is
        The service that we got at the bank was
        I tried the new phone for a week, and it is
        The concert in the old church was
        My brother called yesterday to say that he was
        The book that you gave me is
        Our flight to the north was
        The apartment has two windows, and living there is
        The children came home from school and were
        The play at the small theater was
        I have been taking the train for a month, and it is
        The staff at the front desk were
        The last chapter of the novel is
        The coffee that they serve here is
        When I think of my first year in the city, I feel
        The team played in the second half in a way that was
        The garden behind the house looks
        The speech that the mayor gave was
        The course that I took last spring was
        Our guide through the old town was
        The sound of the new speakers is
        I met my cousin after ten years, and it was
        The walk along the river was
        The doctor looked at the results and said that they were
        The reviews of the new game say that it is
        The beach near the village is
        Dinner with her parents was
        The exhibition on the second floor is
        The night in the tent was
        My grandmother remembers her childhood as
        The new manager is
        The answer that I got from the company was
        """)

    private static let sentences = lines(
        """
        We went to the market yesterday.
        The train leaves at nine in the morning.
        My sister lives in a small house near the river.
        The children are playing in the garden.
        He bought a new book last week.
        The cat sleeps on the chair by the window.
        They have been waiting for the bus since noon.
        Our neighbors have a large brown dog.
        The shop on the corner sells bread and milk.
        She writes a letter to her friend every month.
        The mountain is covered with snow in winter.
        The doctor works at the hospital in town.
        My father reads the newspaper at breakfast.
        The old bridge was built two hundred years ago.
        There are four chairs around the table.
        The museum opens at ten on Sundays.
        It rained all day and the streets are wet.
        The farmer has twelve cows and a horse.
        We will visit our grandparents in the summer.
        The students listen to the teacher.
        He plays the piano in the evening.
        The river runs through the middle of the city.
        She put the keys on the kitchen table.
        The ship arrived in the harbor at dawn.
        My uncle repairs clocks and watches.
        The library is next to the town hall.
        They painted the door of the house green.
        The wind blew the leaves across the road.
        I forgot my umbrella on the train.
        The baker gets up at three in the morning.
        The birds fly south in autumn.
        We sat under the tree and ate apples.
        The meeting lasted more than two hours.
        A tall man stood in front of the station.
        The lake is deep and the water is cold.
        Her brother studies history in another city.
        The moon rose above the hills.
        The post office closes at five.
        He walks to work along the canal.
        The price of coffee went up again.
        """)

    private static let pairs: [(english: String, french: String)] = [
        ("The house is near the sea and has a garden.", "La maison est près de la mer et a un jardin."),
        ("My brother works in an office in the city.", "Mon frère travaille dans un bureau en ville."),
        ("We are going to eat at the restaurant this evening.", "Nous allons manger au restaurant ce soir."),
        ("The children go to school every morning.", "Les enfants vont à l'école tous les matins."),
        ("She bought a blue dress for her birthday.", "Elle a acheté une robe bleue pour son anniversaire."),
        ("It is cold today, but the sun is shining.", "Il fait froid aujourd'hui, mais le soleil brille."),
        ("I would like a cup of tea with milk.", "Je voudrais une tasse de thé avec du lait."),
        ("The dog is sleeping in front of the door.", "Le chien dort devant la porte."),
        ("They took the train to go to the mountains.", "Ils ont pris le train pour aller à la montagne."),
        ("The book that I am reading is very interesting.", "Le livre que je lis est très intéressant."),
        ("Our friends live in a village in the south.", "Nos amis habitent dans un village du sud."),
        ("You must turn left after the church.", "Il faut tourner à gauche après l'église."),
        ("The window of my room looks onto the street.", "La fenêtre de ma chambre donne sur la rue."),
        ("He has been learning music for three years.", "Il apprend la musique depuis trois ans."),
        ("The market takes place on the square on Saturday.", "Le marché a lieu sur la place le samedi."),
        ("My grandmother tells us stories in the evening.", "Ma grand-mère nous raconte des histoires le soir."),
        ("The water of the lake is clear in spring.", "L'eau du lac est claire au printemps."),
        ("We have forgotten the keys in the car.", "Nous avons oublié les clés dans la voiture."),
        ("The doctor says that he must rest.", "Le médecin dit qu'il doit se reposer."),
        ("There is a small bridge over the river.", "Il y a un petit pont sur la rivière."),
        ("She speaks with her sister on the telephone.", "Elle parle avec sa sœur au téléphone."),
        ("The train arrives at the station at eight.", "Le train arrive à la gare à huit heures."),
        ("I lost my hat because of the wind.", "J'ai perdu mon chapeau à cause du vent."),
        ("The flowers in the garden are red and yellow.", "Les fleurs du jardin sont rouges et jaunes."),
        ("We listen to the radio while we work.", "Nous écoutons la radio pendant que nous travaillons."),
        ("The shop closes at seven in the evening.", "Le magasin ferme à sept heures du soir."),
        ("My uncle has a farm with many animals.", "Mon oncle a une ferme avec beaucoup d'animaux."),
        ("The letter that you sent has arrived.", "La lettre que tu as envoyée est arrivée."),
        ("In winter the nights are long and dark.", "En hiver les nuits sont longues et sombres."),
        ("The teacher writes a sentence on the board.", "Le professeur écrit une phrase au tableau."),
    ]

    private static let questions = lines(
        """
        How do I bake bread?
        How long should I cook rice?
        What can I make with potatoes?
        How do I fry an onion?
        How much salt goes into soup?
        How do I make pancakes?
        What is the best way to grill fish?
        How do I cook pasta?
        How hot should the oven be for a cake?
        How do I make tomato sauce?
        What goes into a salad?
        How do I roast a chicken?
        How do I melt chocolate?
        How do I cut carrots?
        How long do beans have to soak?
        How do I make an omelette?
        What can I cook with mushrooms?
        How do I make a pie?
        How do I steam vegetables?
        How do I whip cream?
        What spices go with lamb?
        How do I make pizza dough?
        How do I cook lentils?
        How long does a stew take?
        How do I peel garlic?
        How do I make apple jam?
        How do I cook spinach?
        What is a good recipe for cookies?
        How do I thicken a gravy?
        How do I make lemonade?
        """)

    private static let others = lines(
        """
        How far away is the moon?
        Who wrote Romeo and Juliet?
        How do plants make their food?
        What is the capital of Italy?
        How many days are in a year?
        Why is the sky blue?
        How do I change a bicycle tire?
        What is the largest ocean?
        How do birds fly?
        What is a prime number?
        How do I learn to play the guitar?
        When did the first man walk on the moon?
        How do I write a letter?
        What does a judge do?
        How does a magnet work?
        What is the longest river?
        How do I plant a tree?
        Why do leaves fall in autumn?
        What is the speed of light?
        How do I fold a paper plane?
        What is a noun?
        How does a train brake?
        Who painted the Mona Lisa?
        How do I wash a sweater?
        What is the boiling point of water?
        How do bees make honey?
        What is a volcano?
        How do I draw a circle?
        How many legs does a spider have?
        What is democracy?
        How do I tie a knot?
        What causes the tides?
        How do I read a map?
        What is a fossil?
        How does a clock work?
        What is the tallest mountain?
        How do I teach a dog to sit?
        What is gravity?
        How do fish breathe?
        What does a library do?
        """)

    /// Sentences about plain facts, in which nothing is praised, blamed or refused.
    public static let facts = sentencesOfFacts.map { SteeringText.plain($0) }

    private static let sentencesOfFacts = lines(
        """
        The committee meets on the first Tuesday of every month to discuss the budget.
        A triangle has three sides, and the sum of its angles is one hundred and eighty degrees.
        The river rises in the hills and flows through two provinces before it reaches the sea.
        Copper conducts electricity and is used in wires, pipes and roofs.
        The report lists the number of passengers on each line in the past year.
        Most of the houses in the village were built of stone between 1850 and 1900.
        The library lends books for four weeks, and readers may renew them once.
        Wheat is sown in autumn or in spring, depending on the variety and the climate.
        The map shows the roads, the railway and the paths that cross the valley.
        Light takes about eight minutes to travel from the sun to the earth.
        The form has two pages and must be signed by both parties.
        In the second experiment the temperature was raised by five degrees every hour.
        The bridge is three hundred meters long and carries four lanes of traffic.
        The word comes from Latin and was first used in the seventeenth century.
        Ships pass through the canal in both directions during the day.
        The table is made of oak and has a drawer on each side.
        A dictionary gives the meaning of words and says how they are spelled.
        The office is on the third floor, next to the stairs.
        The population of the town was twelve thousand at the last census.
        Water freezes at zero degrees and expands by about nine percent.
        The museum keeps coins, tools and pots that were found near the old wall.
        The train stops at every station between the harbor and the airport.
        The author describes how paper was made by hand from rags.
        Each team has eleven players, and a match lasts ninety minutes.
        The contract begins in March and ends after twelve months.
        The instrument measures the pressure of the air and the speed of the wind.
        The course consists of ten lectures and a written examination.
        Granite is a hard rock that contains quartz, feldspar and mica.
        The letter was sent on Monday and arrived on Thursday.
        The court has nine members, who are appointed for twelve years.
        The engine turns a shaft, and the shaft drives a pump.
        The photograph shows a street with shops and a tram.
        """)

    /// Lines in neither language.
    private static let figures: [SteeringText] = lines(
        """
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
        2, 4, 8, 16, 32, 64, 128, 256, 512
        3 + 4 = 7, 5 + 6 = 11, 8 + 9 = 17, 2 + 2 = 4
        12:00, 12:15, 12:30, 12:45, 13:00, 13:15
        x = 2y + 3, y = 4, x = 11
        (a + b)^2 = a^2 + 2ab + b^2
        1990, 1991, 1992, 1993, 1994, 1995, 1996
        10 km, 20 km, 30 km, 40 km, 50 km
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7
        f(x) = x^2 - 1, f(0) = -1, f(1) = 0, f(2) = 3
        i = 0; i < 10; i += 1; sum += i
        <ul><li>1</li><li>2</li><li>3</li></ul>
        [1, 2, 3], [4, 5, 6], [7, 8, 9]
        7 x 1 = 7, 7 x 2 = 14, 7 x 3 = 21, 7 x 4 = 28
        A, B, C, D, E, F, G, H, I, J, K
        2024-01-01, 2024-01-02, 2024-01-03, 2024-01-04
        int x = 5; int y = 7; int z = x + y;
        100 - 10 = 90, 90 - 10 = 80, 80 - 10 = 70
        1/2 = 0.5, 1/4 = 0.25, 1/5 = 0.2
        {"a": 1, "b": 2, "c": 3, "d": 4}
        0, 1, 1, 2, 3, 5, 8, 13, 21, 34
        I, II, III, IV, V, VI, VII, VIII, IX
        5%, 10%, 15%, 20%, 25%, 30%
        10 + 20 = 30, 30 + 40 = 70, 50 + 60 = 110
        x1 = 3, x2 = 5, x3 = 7, x4 = 9
        1 000, 2 000, 3 000, 4 000, 5 000
        if (x > 0) { y = 1; } else { y = 0; }
        9 x 9 = 81, 8 x 8 = 64, 7 x 7 = 49, 6 x 6 = 36
        99, 98, 97, 96, 95, 94, 93, 92, 91
        <p>1</p><p>2</p><p>3</p><p>4</p>
        a = 1, b = 2, c = a + b, c = 3
        1000 m = 1 km, 2000 m = 2 km, 3000 m = 3 km
        """
    ).map { .plain($0) }
}
