internal import PlumbBasics
public import PlumbTensor

/// Statements in English of which half are true, each with its negation, in groups that no words give away.
///
/// A group is two things of which each is said to be what it is and what the other is: "The city of Oslo is in
/// Norway", "The city of Oslo is in Peru", "The city of Lima is in Peru", "The city of Lima is in Norway". Every word
/// of a group is as often in true statements as in false ones, so that without knowing the facts nothing can be told.
/// The kinds of statements are those of Marks, Tegmark (2023, *The Geometry of Truth*, arXiv:2310.06824).
public struct TrueFalseStatements: Sendable, Equatable {
    /// What statements are about.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// In which country a city is.
        case cities
        /// Which of two numbers is larger, or smaller.
        case comparisons
        /// What a Spanish word means in English.
        case translations
    }

    /// A statement with its negation.
    public struct Pair: Sendable, Equatable {
        /// For example "The city of Lima is in Peru."
        public let statement: String
        /// For example "The city of Lima is not in Peru."
        public let negation: String
        /// Whether the statement is true; its negation then is false.
        public let isTrue: Bool
        /// The two things that its group is about.
        public let group: String
    }

    /// What they are about.
    public let kind: Kind
    /// The statements, group by group, four each.
    public let pairs: [Pair]

    /// Statements of one kind.
    ///
    /// - Parameters:
    ///   - kind: what they are about.
    ///   - limit: the most groups; nil takes all.
    ///   - key: of which things share a group.
    public init(_ kind: Kind, limit: Int? = nil, key: RandomKey) {
        self.kind = kind
        var random = key["groups"].generator()
        let things: [(name: String, fact: String)] =
            switch kind {
            case .cities: Self.cities
            case .comparisons: (10..<100).map { ("\($0)", "\($0)") }
            case .translations: Self.spanish
            }
        var left = things.shuffled(using: &random)[...]
        var pairs: [Pair] = []
        var groups = 0
        while let first = left.popFirst(), groups < limit ?? .max {
            guard let place = left.firstIndex(where: { $0.fact != first.fact }) else { continue }
            pairs += Self.group(kind, first, left.remove(at: place))
            groups += 1
        }
        self.pairs = pairs
    }

    private static func group(
        _ kind: Kind, _ a: (name: String, fact: String), _ b: (name: String, fact: String)
    ) -> [Pair] {
        let group = "\(a.name), \(b.name)"
        switch kind {
        case .cities, .translations:
            return [(a.name, a.fact), (a.name, b.fact), (b.name, b.fact), (b.name, a.fact)].enumerated().map {
                index, said in
                let (statement, negation) =
                    kind == .cities
                    ? ("The city of \(said.0) is in \(said.1).", "The city of \(said.0) is not in \(said.1).")
                    : (
                        "The Spanish word '\(said.0)' means '\(said.1)'.",
                        "The Spanish word '\(said.0)' does not mean '\(said.1)'."
                    )
                return Pair(
                    statement: statement, negation: negation, isTrue: index.isMultiple(of: 2), group: group)
            }
        case .comparisons:
            // Two-digit numbers are ordered as their numerals are.
            return [(a.name, b.name), (b.name, a.name)].flatMap { first, second in
                ["larger", "smaller"].map { word in
                    Pair(
                        statement: "\(first) is \(word) than \(second).",
                        negation: "\(first) is not \(word) than \(second).",
                        isTrue: (first > second) == (word == "larger"), group: group)
                }
            }
        }
    }
}

extension TrueFalseStatements {
    /// Cities with their countries; no name is a city of two countries that are both well known for it.
    static let cities: [(name: String, fact: String)] = [
        "Norway": "Oslo, Bergen, Trondheim", "Peru": "Lima, Cusco, Arequipa", "Japan": "Tokyo, Osaka, Kyoto, Nagoya",
        "Egypt": "Cairo, Luxor, Aswan", "Italy": "Rome, Milan, Turin, Bologna", "Spain": "Madrid, Seville, Bilbao",
        "France": "Paris, Lyon, Marseille, Bordeaux", "Germany": "Berlin, Munich, Hamburg, Cologne",
        "Russia": "Moscow, Kazan, Omsk", "China": "Beijing, Shanghai, Wuhan, Chengdu",
        "India": "Mumbai, Chennai, Jaipur, Kolkata", "Brazil": "Brasilia, Recife, Salvador, Curitiba",
        "Canada": "Toronto, Montreal, Calgary, Winnipeg", "Mexico": "Puebla, Monterrey, Tijuana",
        "Turkey": "Ankara, Istanbul, Izmir", "Iran": "Tehran, Isfahan, Shiraz", "Kenya": "Nairobi, Mombasa, Kisumu",
        "Nigeria": "Lagos, Abuja, Kano", "Poland": "Warsaw, Krakow, Gdansk", "Greece": "Athens, Thessaloniki, Patras",
        "Sweden": "Stockholm, Gothenburg, Uppsala", "Portugal": "Lisbon, Porto, Braga",
        "Argentina": "Rosario, Mendoza, Buenos Aires", "Australia": "Sydney, Melbourne, Brisbane, Adelaide",
        "Morocco": "Casablanca, Marrakesh, Rabat", "Vietnam": "Hanoi, Hue, Da Nang",
        "Thailand": "Bangkok, Chiang Mai, Phuket", "Pakistan": "Karachi, Lahore, Islamabad",
        "Indonesia": "Jakarta, Bandung, Surabaya", "Ukraine": "Kyiv, Lviv, Odesa", "Austria": "Vienna, Graz, Linz",
        "Finland": "Helsinki, Tampere, Turku",
    ].sorted { $0.key < $1.key }.flatMap { country, cities in
        cities.split(separator: ", ").map { (String($0), country) }
    }

    /// Spanish words with an English word that each means.
    static let spanish: [(name: String, fact: String)] = [
        "casa house, perro dog, gato cat, libro book, agua water, fuego fire, mesa table, silla chair, puerta door",
        "ventana window, calle street, ciudad city, playa beach, mar sea, cielo sky, sol sun, luna moon, estrella star",
        "lluvia rain, nieve snow, viento wind, tierra earth, piedra stone, bosque forest, flor flower, hoja leaf",
        "manzana apple, naranja orange, pan bread, queso cheese, leche milk, huevo egg, carne meat, pescado fish",
        "sal salt, vino wine, cerveza beer, cuchillo knife, tenedor fork, cuchara spoon, plato plate, vaso glass",
        "mano hand, pie foot, cabeza head, ojo eye, boca mouth, nariz nose, oreja ear, pelo hair, sangre blood",
        "hueso bone, padre father, madre mother, hermano brother, hermana sister, hijo son, hija daughter, amigo "
            + "friend",
        "mujer woman, hombre man, rey king, reina queen, escuela school, iglesia church, tienda shop, mercado market",
        "dinero money, trabajo work, juego game, guerra war, paz peace, amor love, miedo fear, muerte death, vida life",
        "tiempo time, noche night, verano summer, invierno winter, primavera spring, lunes Monday, jueves Thursday",
        "enero January, rojo red, azul blue, verde green, blanco white, negro black, amarillo yellow, grande big",
        "viejo old, nuevo new, caliente hot, rico rich, pobre poor, dulce sweet, caballo horse, vaca cow, oveja sheep",
        "zapato shoe, camisa shirt, sombrero hat, cama bed, espejo mirror, puente bridge, barco boat, tren train",
    ].flatMap { line in
        line.split(separator: ", ").map { words in
            let parts = words.split(separator: " ")
            return (String(parts[0]), String(parts[parts.count - 1]))
        }
    }
}
