import Foundation
import PlumbBasics
import PlumbModels
import Testing

@testable import PlumbInterpretability

/// The JSON of circuit-tracer's viewer.
@Suite struct AttributionGraphFileTests {
    private func file() throws -> AttributionGraphFile {
        let pair = try TinyPair("llama-tiny")
        let graph = try ReplacementModel(pair.model, neuronLimit: 6).graph(pair.clean)
        return AttributionGraphFile(graph, slug: "small")
    }

    @Test func aGraphComesBackFromItsJSON() throws {
        let file = try file()
        #expect(try AttributionGraphFile(json: file.json()) == file)
        #expect(Set(file.nodes.map(\.id)).count == file.nodes.count && !file.links.isEmpty)
        let json = try JSONValue(parsing: file.json())
        // What graph_models.py of circuit-tracer asks of a node.
        for node in json["nodes"]?.array ?? [] {
            for field in ["node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp", "token_prob"] {
                #expect(node[field] != nil, "\(field)")
            }
        }
        #expect(json["qParams"]?["linkType"]?.string == "both" && json["metadata"]?["slug"]?.string == "small")
        #expect((json["nodes"]?.array ?? []).count { $0["is_target_logit"]?.bool == true } == 1)
    }

    @Test func anEditedGraphIsRefusedInASentence() throws {
        let file = try file()
        func refusal(_ change: (inout AttributionGraphFile) -> Void) -> String {
            var copy = file
            change(&copy)
            do {
                _ = try AttributionGraphFile(json: copy.json())
                return ""
            } catch { return "\(error)" }
        }
        #expect(refusal { $0.links[0].source = "0_999_0" }.contains("one of them is no node"))
        #expect(refusal { $0.links[0].weight = .nan }.contains("no weight that is a number"))
        #expect(
            refusal { ($0.links[0].source, $0.links[0].target) = ($0.links[0].target, $0.links[0].source) }
                .contains("does not lead to a later block"))
        #expect(refusal { $0.nodes.append($0.nodes[0]) }.contains("two nodes of the graph are called"))
        #expect(refusal { $0.nodes[0].position = 90 }.contains("ctx_idx within the prompt"))
        #expect(refusal { $0.nodes[0].layer = "x" }.contains("layer that fits its type"))
        let text = String(decoding: file.json(), as: UTF8.self)
        for edit in ["\"layer\":\"9223372036854775806\"", "\"feature\":9000000000000000000", "\"feature\":-1"] {
            let name = edit.prefix { $0 != ":" }
            let place = try #require(text.range(of: "\(name) ?: ?\"?[0-9]+\"?", options: .regularExpression))
            let edited = Data(text.replacingCharacters(in: place, with: edit).utf8)
            #expect(throws: ModelError.self) { try AttributionGraphFile(json: edited) }
        }
    }
}
