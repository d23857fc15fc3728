extension NeuronPuzzle {
    /// Puzzles written for this library.
    public static let standard: [NeuronPuzzle] = [
        NeuronPuzzle(
            "digits", "numbers written in digits, and not those written as words", .digits,
            false: ["numbers of any kind", "words for amounts of money"],
            texts: [
                "The ferry leaves at 9 and comes back at 17.", "She planted 40 trees in two years.",
                "Three of the five boats were gone.", "Room 212 is on the second floor.",
                "He paid twelve coins for a rope of 3 meters.", "Nobody answered the letter.",
            ]),
        NeuronPuzzle(
            "names", "words that begin with a capital letter, except at the beginning of a text",
            .both(.capital, .not(.place(1))), false: ["names of people", "the first word of a sentence"],
            texts: [
                "On Friday my brother Oskar flew to Lima.", "The river Elbe is wide near Hamburg.",
                "Nothing grows here in winter.", "We met Ines and her dog at the lake.",
                "Please ask Maria or the doctor.", "It rained the whole night in Kyoto.",
            ]),
        NeuronPuzzle(
            "parentheses", "words inside parentheses", .insideParentheses,
            false: ["explanations of a word", "parentheses themselves"],
            texts: [
                "The mill (built of red brick) still works.", "Take the second road (not the first) to the farm.",
                "The mill was built of red brick.", "A liter (about four cups) is enough.",
                "Her cousin (a sailor) wrote every month.", "A sailor wrote four letters every month.",
            ]),
        NeuronPuzzle(
            "quotation", "words that are quoted", .insideQuotes,
            false: ["things that people say", "the word before a quotation"],
            texts: [
                "The sign said \"keep the gate shut\" in large letters.", "She told us to keep the gate shut.",
                "\"Come back soon\" was all he wrote.", "We call this stone \"the old man\" here.",
                "The old man came back soon.", "He said that the letters were large.",
            ]),
        NeuronPuzzle(
            "negated", "the word right after \"not\"", .after(.word("not")),
            false: ["the word \"not\"", "adjectives"],
            texts: [
                "The soup was not hot and the bread was not fresh.", "The soup was hot and the bread was fresh.",
                "Do not open the door.", "They did not see us, but they heard the dog.",
                "We could open the door and see the garden.", "It was late, not early.",
            ]),
        NeuronPuzzle(
            "past", "words that end in \"ed\"", .suffix("ed"), false: ["verbs", "things that happened long ago"],
            texts: [
                "They walked home and talked about the play.", "She climbed the hill and waited.",
                "They walk home and talk.", "The tired horse rested in the shed.", "He wrote a poem and read it aloud.",
                "The painted boat drifted away.",
            ]),
        NeuronPuzzle(
            "again", "words that occurred before in the text", .both(.repeated, .not(.punctuation)),
            false: ["short words", "the last word of a sentence"],
            texts: [
                "The cat saw the dog and the dog saw the cat.", "One by one the lights went out.",
                "He asked for bread, and bread he got.", "A quiet street, a quiet house, a quiet room.",
                "Snow fell on every roof.", "What is done is done.",
            ]),
        NeuronPuzzle(
            "article", "the word \"the\"", .word("the"), false: ["articles of any kind", "nouns"],
            texts: [
                "The baker put a cake on the table near the window.", "A cat slept under an old chair.",
                "Where is the key to the cellar?", "Some apples fell from a tree.", "He closed the book.",
                "An hour later the train came.",
            ]),
        NeuronPuzzle(
            "first", "the first word of a text", .place(1), false: ["words with a capital letter", "names of people"],
            texts: [
                "Anton sold his bicycle.", "When Ruth came, the shop was closed.", "the note began without a capital",
                "In June we go to Rome.", "Two swans crossed the pond.", "Open the window, Peter.",
            ]),
        NeuronPuzzle(
            "color words", "words for colors", .word("red"), .word("blue"), .word("green"), .word("yellow"),
            false: ["adjectives of any kind", "things in a garden"],
            texts: [
                "She wore a green coat and a yellow scarf.", "The old coat was torn and dirty.",
                "Paint the fence blue or red, but not blue and red.", "A yellow leaf fell on the wet road.",
                "The large garden was full of birds.", "The red boat sank.",
            ]),
        NeuronPuzzle(
            "units", "the word right after a number in digits", .after(.digits),
            false: ["units of length", "numbers in digits"],
            texts: [
                "The tower is 80 meters high and 200 years old.", "Mix 2 eggs with 100 grams of sugar.",
                "Many meters of rope were left.", "Years later the eggs were found.", "Bus 14 stops here.",
                "The recipe asks for sugar and eggs.",
            ]),
        NeuronPuzzle(
            "titles", "names after a title such as Mr or Dr", .after(.word("Mr")), .after(.word("Dr")),
            false: ["names of people", "the titles Mr and Dr"],
            texts: [
                "Yesterday Mr Brown called Dr Lindt.", "Brown is a color and Lindt is a name.",
                "Ask Dr Weber or her son Paul.", "Paul and Weber are friends.", "Mr Stone lost a stone.",
                "A doctor came at noon.",
            ]),
        NeuronPuzzle(
            "animals or numbers", "animals, and numbers in digits", .digits, .word("dog"), .word("horse"), .word("owl"),
            false: ["animals and nothing else", "numbers and nothing else"],
            texts: [
                "The dog ran 3 miles.", "An owl sat on the roof for 2 hours.", "The horse and the dog shared a stable.",
                "In 1950 the mill burned down.", "The mill stood on a hill.", "She drew a horse with 5 legs.",
            ]),
    ]
}
