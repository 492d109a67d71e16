// Copies a recipe field by field through the generated types. Every operation is named, so a new one
// fails to compile here until it is added.
import type { AssetDna, DnaNode } from "../../../schema/gve.ts";

/** A deep copy in which every nested node has gone through `copyNode`. */
export function copyDna(dna: AssetDna): AssetDna {
    return { ...dna, root_node: copyNode(dna.root_node) };
}

function copyNode(node: DnaNode): DnaNode {
    switch (node.op) {
        case "sphere":
        case "ellipsoid":
        case "box":
        case "rounded_box":
        case "cylinder":
        case "capsule":
        case "cone":
        case "torus":
        case "plane":
        case "hexagonal_prism":
        case "extruded_polygon":
        case "revolved_polygon":
            return { ...node };
        case "union":
        case "subtract":
        case "intersect":
            return { ...node, children: node.children.map(copyNode) };
        case "morph":
            return { ...node, from: copyNode(node.from), to: copyNode(node.to) };
        case "shell":
        case "round":
        case "translate":
        case "rotate":
        case "scale":
        case "mirror":
        case "linear_repeat":
        case "polar_repeat":
        case "twist":
        case "bend":
        case "taper":
        case "elongate":
        case "displace":
            return { ...node, child: copyNode(node.child) };
        default:
            return node satisfies never;
    }
}
